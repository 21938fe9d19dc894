"""Floods of costly requests: meanwhile, live events arrive as soon as before, or soon enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.floods import FLOODS, flood
from tests.support.server_process import ServerProcess
from tests.support.servers import sqlite
from tests.transports.http.orders import EVENTS, new_order, publish, shipped
from tests.transports.http.wire import PATIENCE_SECONDS, Wire

STORED = 50_000
SAMPLES = 200
PAUSE_SECONDS = 0.03
SOON_SECONDS = 0.06


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with so many events that most are not in memory."""
    store = sqlite(Path(tmp_path_factory.mktemp("log")))
    with ServerProcess("--store", store) as server, httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http:
        for _ in range(STORED // 1_000):
            publish(http, *[shipped()] * 1_000)
        yield server


@contextmanager
def live(server: ServerProcess) -> Iterator[Callable[[], float]]:
    """Follow the log; the function publishes an event, and returns how many seconds later it was received."""
    with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http, Wire(server.port) as wire:
        wire.get(EVENTS)
        wire.until(b"stream.checkpoint")

        def seconds() -> float:
            order_id, published = new_order(), time.monotonic()
            publish(http, shipped(order_id))
            wire.until(order_id.encode())
            return time.monotonic() - published

        yield seconds


def p99_seconds(measure: Callable[[], float]) -> float:
    times = []
    for _ in range(SAMPLES):
        times.append(measure())
        time.sleep(PAUSE_SECONDS)
    return sorted(times)[SAMPLES * 99 // 100]


@pytest.mark.parametrize("name", FLOODS)
def test_live_events_arrive_as_soon_as_without_the_flood_or_soon_enough(
    server: ServerProcess, report: Callable[[str], None], name: str
) -> None:
    with live(server) as measure:
        quiet = p99_seconds(measure)
        with flood(name, server.port):
            measure()
            flooded = p99_seconds(measure)
    report(f"{name}: p99 {flooded * 1000:.0f} ms, quiet {quiet * 1000:.0f} ms")
    assert flooded <= max(2 * quiet, SOON_SECONDS)
