"""What a stream costs while nothing happens: dashboards stay open for days."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.support.server_process import ServerProcess
from tests.support.servers import start_server
from tests.transports.http.orders import EVENTS, eventually
from tests.transports.http.wire import Wire

STREAMS = 400
MOST_BYTES = 2_000  # it is some 1,600 with uvloop's transport, which has 1,100 of them

ALLOCATED = re.compile(r"(\d+) bytes are allocated\.")


@contextmanager
def idle_streams(server: ServerProcess, query: str, count: int) -> Iterator[None]:
    """Open streams, and hold them from the time at which each has been sent a heartbeat."""
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(server.port)) for _ in range(count)]
        for wire in wires:
            assert wire.get(f"{EVENTS}{query}", "Accept: text/event-stream").status == 200
            assert b"stream.checkpoint" in wire.chunk()
        for wire in wires:
            assert wire.chunk() == b":\n"
        yield


def allocated_bytes(server: ServerProcess) -> int:
    """Ask the server how much it has allocated."""
    before = len(reports(server))
    server.signal(signal.SIGUSR1)
    assert eventually(lambda: len(reports(server)) > before)
    return reports(server)[-1]


def reports(server: ServerProcess) -> list[int]:
    return [int(found[1]) for line in server.output if (found := ALLOCATED.match(line))]


@pytest.mark.parametrize("query", ["", "?eventTypes=order.shipped"], ids=["everything", "filter"])
def test_an_idle_stream_takes_little_memory(query: str) -> None:
    with (
        start_server("memory:", module="tests.support.traced_server") as server,
        idle_streams(server, query, 20),
    ):
        before = allocated_bytes(server)
        with idle_streams(server, query, STREAMS):
            growth = allocated_bytes(server) - before
    assert growth / STREAMS < MOST_BYTES
