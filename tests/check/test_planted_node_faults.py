"""Every fault of one node among several is found by its own check, and two servers with logs of their own are no nodes of one log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

import pytest

from app.check.findings import Outcome, Report
from app.check.run import run
from app.check.table import CHECKS
from app.check.target.target import Options
from tests.check.broken_server import BrokenServer, Fault, serving
from tests.check.faults import (
    EVENTS,
    answers,
    dropping,
    each_stream,
    follows_everything,
    order_events,
    publishes,
    reads_all,
    resumes,
    with_json,
)
from tests.check.selection_faults import gap_of_nothing
from tests.check.start_faults import resumes_open
from tests.check.storing_faults import called
from tests.check.test_planted_faults import STORED, publish, violated
from tests.support.server_process import ServerProcess

OF_NODES: Final = [each.name for each in CHECKS if each.name.startswith("nodes-")]
MEMORY: Final = ("--store", "memory:", "--source", "none", "--heartbeat-seconds", "0.3")

# Faults of the second node, each with the check that must find it.
PLANTED: Final[Mapping[str, tuple[Callable[[], Fault], str]]] = {
    "a node has another contract": (
        lambda: answers(
            with_json(lambda document: {**document, "x-older": True}), lambda asked, _: asked.path == "/openapi.json"
        ),
        "nodes-contract",
    ),
    "a node lacks an event": (lambda: order_events(dropping(1), reads_all), "nodes-log"),
    "a node does not know the ids of others": (lambda: each_stream(gap_of_nothing, resumes), "nodes-ids"),
    "a node is behind": (
        lambda: answers(
            with_json(lambda page: {**page, "events": []}),
            lambda asked, given: asked.wants_page and asked.has("orderId") and given.status == 200,
        ),
        "nodes-published",
    ),
    "a node does not know the names of others": (
        lambda: answers(
            with_json(called(duplicate=False)), lambda asked, given: publishes(asked) and given.status == 201
        ),
        "nodes-repeated",
    ),
    "a node loses a new event": (lambda: order_events(dropping(0), follows_everything), "nodes-open"),
    "a node loses an event after the id of another": (
        lambda: order_events(dropping(0), lambda asked: resumes_open(asked) and asked.path == EVENTS),
        "nodes-hopping",
    ),
}


class Nodes(NamedTuple):
    """A good server, and a broken one in front of it."""

    good: ServerProcess
    broken: BrokenServer
    broken_url: str


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with ServerProcess(*MEMORY) as good:
        publish(good.url)
        broken = BrokenServer(good.url)
        with serving(broken) as url:
            yield Nodes(good, broken, url)


def check(url: str, *nodes: str, timeout_seconds: float = 5) -> Report:
    options = Options(quick=True, publish=True, max_events=STORED, timeout_seconds=timeout_seconds, nodes=nodes)
    return run(url, options, OF_NODES)


def test_nodes_without_a_fault_keep_every_promise(nodes: Nodes) -> None:
    report = check(nodes.good.url, nodes.broken_url, nodes.good.url)
    assert {result.name: result for result in report.results if result.outcome is not Outcome.HELD} == {}
    assert [result.name for result in report.results] == ["contract", *OF_NODES]


@pytest.mark.parametrize("name", PLANTED)
def test_fault_of_a_node_is_found_by_its_own_check_and_no_other(nodes: Nodes, name: str) -> None:
    fault, found_by = PLANTED[name]
    nodes.broken.fault = fault()
    report = check(nodes.good.url, nodes.broken_url)
    nodes.broken.fault = Fault()
    assert list(violated(report)) == [found_by], violated(report)
    finding = next(result.findings[0] for result in report.results if result.findings)
    assert nodes.broken_url in finding.request.command(nodes.good.url)


def test_every_check_of_nodes_has_a_fault_that_it_finds() -> None:
    assert {found_by for _, found_by in PLANTED.values()} == set(OF_NODES)


def test_two_logs_are_not_one(nodes: Nodes) -> None:
    with ServerProcess(*MEMORY) as other:
        publish(other.url)
        report = check(nodes.good.url, other.url, timeout_seconds=2)
    assert {*OF_NODES} - violated(report).keys() <= {"nodes-contract"}


def test_one_server_has_no_nodes_to_check(nodes: Nodes) -> None:
    report = run(nodes.good.url, replace(Options(), publish=True), OF_NODES)
    assert {result.outcome for result in report.results[1:]} == {Outcome.SKIPPED}
