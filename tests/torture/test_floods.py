"""Floods of costly requests: meanwhile, live events arrive as soon as before, or soon enough.

The attackers have machines of their own, in truth. Here they share the cores with the server and with the client that measures, so
they run only while these two need no core, and the client does nothing but what is timed. How long the main threads of the two waited
for a core all the same does not count, so the figures are the same on a machine that does other work.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.support.floods import FLOODS, flood
from tests.support.server_process import ServerProcess
from tests.support.servers import sqlite
from tests.transports.http.orders import EVENTS, new_order, publish, shipped
from tests.transports.http.wire import PATIENCE_SECONDS, Wire, post

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
    """Follow the log; the function publishes an event on a new connection, and returns how many seconds later it was received.

    The time in which the server or this client waited for a core is left out.
    """
    with Wire(server.port) as wire:
        wire.get(EVENTS)
        wire.until(b"stream.checkpoint")

        def seconds() -> float:
            order_id = new_order()
            sent, expected = post(EVENTS, json.dumps(shipped(order_id)).encode()), order_id.encode()
            with Wire(server.port) as publisher:
                waited, published = waiting(), time.monotonic()
                publisher.send(sent)
                wire.until(expected)
                received, waited = time.monotonic(), waiting() - waited
                assert publisher.head().status == 201
            return received - published - waited

        def waiting() -> float:
            return sum(Scheduled.of(pid).waiting for pid in (server.pid, os.getpid()))

        yield seconds


class Scheduled(NamedTuple):
    """How long the main thread of a process has had a core, and how long it has waited for one, in seconds (Linux)."""

    running: float
    waiting: float

    @classmethod
    def of(cls, pid: int) -> Scheduled:
        running, waiting, _ = map(int, Path(f"/proc/{pid}/schedstat").read_text().split())
        return cls(running / 1e9, waiting / 1e9)


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
            before, began = Scheduled.of(server.pid), time.monotonic()
            flooded = p99_seconds(measure)
            after, seconds = Scheduled.of(server.pid), time.monotonic() - began
    running, waiting = ((late - early) / seconds for early, late in zip(before, after, strict=True))
    report(
        f"{name}: p99 {flooded * 1000:.0f} ms, quiet {quiet * 1000:.0f} ms; "
        f"the server had a core for {running:.0%} of the time, and waited for one for {waiting:.0%}"
    )
    assert flooded <= max(2 * quiet, SOON_SECONDS)
