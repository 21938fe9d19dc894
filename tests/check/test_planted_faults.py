"""Every fault of a broken server is found by its own check, and by no other.

Here, a fault meets its own check and a few others, which its name chooses; `tests/torture/` runs every check with every fault.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random

import httpx
import pytest

from app.check.findings import Outcome, Report
from app.check.run import run
from app.check.target.target import Options
from tests.check.broken_server import BrokenServer, Fault, serving
from tests.check.faults import EVENTS, MARKED, REASON, Planted
from tests.check.planted import OF_HTTP, OF_SOCKETS, PLANTED_IN_HTTP, PLANTED_IN_SOCKETS, RELATED
from tests.support.server_process import ServerProcess

STORED = 24
REQUESTS = 3  # in which these events are stored, so that they have several times
OF_TOKENS = {"restricted-token", "session-cookie"}  # which other tests are about
OTHERS = 4  # checks that a fault meets beside its own


@contextmanager
def broken_server() -> Iterator[tuple[BrokenServer, str]]:
    """Yield a broken server in front of a good one, and its URL."""
    arguments = ("--store", "memory:", "--source", "none", "--heartbeat-seconds", "0.3")
    with ServerProcess(*arguments) as good:
        publish(good.url)
        application = BrokenServer(good.url)
        with serving(application) as url:
            yield application, url


@pytest.fixture(scope="module")
def broken() -> Iterator[tuple[BrokenServer, str]]:
    with broken_server() as broken:
        yield broken


def publish(url: str) -> None:
    """Store shipments and cancellations of a few orders, including the marked one."""
    when = "2024-05-01T10:00:00Z"
    events = [
        {
            "eventType": "order.shipped" if number % 3 else "order.cancelled",
            "data": {"orderId": f"or_{number % 7}", "when": when},
        }
        for number in range(STORED)
    ]
    events[5] = {"eventType": "order.cancelled", "data": {"orderId": MARKED, "when": when, "reason": REASON}}
    for first in range(0, STORED, STORED // REQUESTS):
        together = events[first : first + STORED // REQUESTS]
        httpx.post(f"{url}{EVENTS}", json=together, trust_env=False, timeout=60).raise_for_status()


def check(broken: tuple[BrokenServer, str], fault: Fault, options: Options, names: Collection[str] = ()) -> Report:
    application, url = broken
    application.fault = fault
    return run(url, replace(options, max_events=STORED, publish=True), names)


def violated(report: Report) -> dict[str, object]:
    return {result.name: result.findings for result in report.results if result.outcome is Outcome.VIOLATED}


def test_without_a_fault_every_promise_is_held(broken: tuple[BrokenServer, str]) -> None:
    report = check(broken, Fault(), Options(), [*OF_HTTP, *OF_SOCKETS])
    others = {result.name: result.outcome for result in report.results if result.outcome is not Outcome.HELD}
    assert others == dict.fromkeys(OF_TOKENS, Outcome.SKIPPED)
    assert report.outcome is Outcome.HELD
    assert report.events == STORED


def check_planted(broken: tuple[BrokenServer, str], planted: Planted, names: Collection[str] = ()) -> None:
    report = check(broken, planted.fault(), planted.options, names)
    assert list(violated(report)) == [planted.found_by], violated(report)
    assert [result.name for result in report.results if result.outcome is Outcome.UNCHECKED] == []


def some(names: Collection[str], planted: Planted, name: str) -> list[str]:
    """Return the check that finds a fault, and a few others."""
    others = sorted({*names} - RELATED.get(planted.found_by, frozenset()))
    return [planted.found_by, *Random(name).sample(others, OTHERS)]


@pytest.mark.parametrize("name", PLANTED_IN_HTTP)
def test_a_fault_is_found_by_its_own_check(broken: tuple[BrokenServer, str], name: str) -> None:
    planted = PLANTED_IN_HTTP[name]
    check_planted(broken, planted, some(OF_HTTP, planted, name))


@pytest.mark.parametrize("name", PLANTED_IN_SOCKETS)
def test_a_fault_of_websocket_is_found_by_its_own_check(broken: tuple[BrokenServer, str], name: str) -> None:
    planted = PLANTED_IN_SOCKETS[name]
    check_planted(broken, planted, some(OF_SOCKETS, planted, name))


def test_every_check_has_a_fault_that_it_finds() -> None:
    planted = [*PLANTED_IN_HTTP.values(), *PLANTED_IN_SOCKETS.values()]
    assert {each.found_by for each in planted} | OF_TOKENS == {*OF_HTTP, *OF_SOCKETS}
