"""Every fault of a broken server is found by its own check, and by no other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import httpx
import pytest

from app.check.findings import Outcome, Report
from app.check.run import run
from app.check.table import CHECKS
from app.check.target.target import Options
from tests.check.broken_server import BrokenServer, Fault, serving
from tests.check.faults import EVENTS, MARKED, PLANTED, REASON, Planted
from tests.check.socket_faults import PLANTED_IN_SOCKETS
from tests.support.server_process import ServerProcess

STORED = 24
HTTP_CHECKS = [each.name for each in CHECKS if not each.name.startswith(("websocket-", "grpc-"))]
WITHOUT_GRPC = [each.name for each in CHECKS if not each.name.startswith("grpc-")]


@pytest.fixture(scope="module")
def broken() -> Iterator[tuple[BrokenServer, str]]:
    """A broken server in front of a good one, and its URL."""
    arguments = ("--store", "memory:", "--source", "none", "--heartbeat-seconds", "0.3")
    with ServerProcess(*arguments) as good:
        publish(good.url)
        application = BrokenServer(good.url)
        with serving(application) as url:
            yield application, url


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
    httpx.post(f"{url}{EVENTS}", json=events, trust_env=False, timeout=60).raise_for_status()


def check(broken: tuple[BrokenServer, str], fault: Fault, options: Options, names: Collection[str] = ()) -> Report:
    application, url = broken
    application.fault = fault
    return run(url, replace(options, max_events=STORED, publish=True), names)


def violated(report: Report) -> dict[str, object]:
    return {result.name: result.findings for result in report.results if result.outcome is Outcome.VIOLATED}


def test_without_a_fault_every_promise_is_held(broken: tuple[BrokenServer, str]) -> None:
    report = check(broken, Fault(), Options(), WITHOUT_GRPC)
    assert {result.name: result for result in report.results if result.outcome is not Outcome.HELD} == {}
    assert report.outcome is Outcome.HELD
    assert report.events == STORED


def check_planted(broken: tuple[BrokenServer, str], planted: Planted, names: Collection[str] = ()) -> None:
    report = check(broken, planted.fault(), planted.options, names)
    assert list(violated(report)) == [planted.found_by], violated(report)
    assert [result.name for result in report.results if result.outcome is Outcome.UNCHECKED] == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_fault_is_found_by_its_own_check_and_no_other(broken: tuple[BrokenServer, str], name: str) -> None:
    # The checks of WebSocket compare with event streams, which this fault may change.
    check_planted(broken, PLANTED[name], HTTP_CHECKS)


@pytest.mark.parametrize("name", PLANTED_IN_SOCKETS)
def test_a_fault_of_websocket_is_found_by_its_own_check_and_no_other(
    broken: tuple[BrokenServer, str], name: str
) -> None:
    check_planted(broken, PLANTED_IN_SOCKETS[name], WITHOUT_GRPC)


def test_every_check_has_a_fault_that_it_finds() -> None:
    planted = [*PLANTED.values(), *PLANTED_IN_SOCKETS.values()]
    assert {each.found_by for each in planted} == set(WITHOUT_GRPC)
