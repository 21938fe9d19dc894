"""The servers that the benchmark compares deliver every event: without that, a comparison would mean nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.benchmark.asgi_peers import STARLETTE
from tests.benchmark.delivering import idle
from tests.benchmark.other_peers import LIMIT, NODE
from tests.benchmark.other_transports import GRPCIO, NODE_WS, WEBSOCKETS
from tests.benchmark.ours import OURS, OURS_GRPC, OURS_GZIP, OURS_WEBSOCKET
from tests.benchmark.programs import NoCompilerError, compile_program
from tests.benchmark.running import faults, running
from tests.benchmark.systems import System
from tests.benchmark.with_keys import OURS_WITH_KEYS, OURS_WITH_NEW_TOKENS

SYSTEMS = [
    *(LIMIT, OURS, OURS_WITH_KEYS, OURS_GZIP, OURS_WEBSOCKET, OURS_GRPC),
    *(STARLETTE, NODE, NODE_WS, WEBSOCKETS, GRPCIO),
]
SUBSCRIBERS = 3
EVENTS = 20
BURST = 4


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_a_system_delivers_every_event_once_and_in_order(system: System, tmp_path: Path) -> None:
    skip_or_fail_if_absent(system)
    options = ["--mode", "lockstep", "--subscribers", str(SUBSCRIBERS), "--events", str(EVENTS), "--burst", str(BURST)]
    with running(system, tmp_path) as server:
        report = server.drive(*options, *system.subscribing(), *system.publishing(BURST))
    assert (report["deliveries"], faults(report)) == (SUBSCRIBERS * EVENTS, {})
    assert report["window"]["server_cpu_seconds"] > 0
    assert report["memory"]["settled_bytes"] > 100_000


def test_each_subscriber_has_an_access_token_of_its_own(tmp_path: Path) -> None:
    skip_or_fail_if_absent(OURS_WITH_NEW_TOKENS)
    report = idle(SUBSCRIBERS, 0)(OURS_WITH_NEW_TOKENS, tmp_path)
    assert (report["deliveries"], faults(report)) == (SUBSCRIBERS, {})
    tokens = (tmp_path / "headers").read_text().splitlines()
    assert len(set(tokens)) == SUBSCRIBERS


def test_an_order_s_events_go_to_its_subscriber_alone(tmp_path: Path) -> None:
    skip_or_fail_if_absent(OURS)
    options = ["--mode", "lockstep", "--spread", "--subscribers", str(SUBSCRIBERS), "--events", str(EVENTS)]
    orders = [*OURS.subscribing("?orderId=o-$index"), *OURS.publishing(by_order=True)]
    with running(OURS, tmp_path) as server:
        report = server.drive(*options, *orders)
    assert (report["deliveries"], faults(report)) == (EVENTS, {})


def skip_or_fail_if_absent(system: System) -> None:
    """Skip the test if this machine has no compiler or the system is not installed; fail in CI."""
    reason = system.missing()
    try:
        compile_program("driver")
    except NoCompilerError as error:
        reason = str(error)
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
