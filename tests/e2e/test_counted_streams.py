"""However clients disconnect, the streams that count against a limit are those that are open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.support.disconnects import DISCONNECTS, SOCKET_DISCONNECTS, disconnect
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, eventually, publish, shipped, streams_open
from tests.transports.http.wire import PATIENCE_SECONDS, Wire

OF_ADDRESS = 3
TIMES = 8  # so that more streams would be counted than an address may have
WAYS = [*DISCONNECTS, *SOCKET_DISCONNECTS]
LIMITED = ("--store", "memory:", "--max-streams-per-address", str(OF_ADDRESS), "--trusted-proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def limited() -> Iterator[tuple[ServerProcess, httpx.Client]]:
    with ServerProcess(*LIMITED) as server, httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        publish(client, *[shipped()] * 200)
        yield server, client


@pytest.mark.parametrize("way", WAYS)
def test_no_stream_is_counted_after_its_end_and_none_is_forgotten(
    limited: tuple[ServerProcess, httpx.Client], way: str
) -> None:
    server, client = limited
    address = f"X-Forwarded-For: 192.0.2.{WAYS.index(way)}"
    for _ in range(TIMES):
        disconnect(server.port, way, address)
    assert eventually(lambda: takes(server.port, address, OF_ADDRESS))
    assert eventually(lambda: streams_open(client) == 0)
    assert not takes(server.port, address, OF_ADDRESS + 1)


def takes(port: int, address: str, streams: int) -> bool:
    """Return whether the server opens this number of streams for a client at the same time; they are closed again."""
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(port)) for _ in range(streams)]
        for wire in wires:
            wire.get(EVENTS, address)
            if b"overloaded" in wire.chunk():
                return False
    return True
