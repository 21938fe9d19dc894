"""50,000 connections that end in every way: nothing of them stays in the server."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

import httpx

from tests.support.disconnects import DISCONNECTS, SOCKET_DISCONNECTS, disconnect
from tests.support.server_process import ServerProcess
from tests.support.servers import resident_bytes
from tests.transports.http.orders import eventually, metric, publish, shipped
from tests.transports.http.wire import PATIENCE_SECONDS

CONNECTIONS = 50_000
FIRST = 5_000  # after them, the memory that the server needs for such connections is there
THREADS = 8
ADDRESSES = 50
MEGABYTE = 1024 * 1024


def test_descriptors_gauges_and_memory_are_as_before(report: Callable[[str], None]) -> None:
    arguments = ("--store", "memory:", "--max-streams-per-address", "1000", "--trusted-proxy", "127.0.0.1")
    with ServerProcess(*arguments) as server, httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http:
        publish(http, *[shipped()] * 100)

        def descriptors() -> int:
            return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))

        def connect(number_and_way: tuple[int, str]) -> None:
            number, way = number_and_way
            disconnect(server.port, way, f"X-Forwarded-For: 192.0.2.{number % ADDRESSES}")

        work = enumerate(cycle([*DISCONNECTS, *SOCKET_DISCONNECTS]))
        before = descriptors()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(connect, islice(work, FIRST)))
            assert eventually(lambda: descriptors() <= before)
            resident = resident_bytes(server.pid)
            list(pool.map(connect, islice(work, CONNECTIONS - FIRST)))
        assert eventually(lambda: descriptors() <= before)
        growth = resident_bytes(server.pid) - resident
        report(f"{CONNECTIONS} connections: {descriptors()} descriptors, memory +{growth / MEGABYTE:.1f} MB")
        assert growth < 8 * MEGABYTE
        assert [metric(http, f"orders_events_{name}") for name in ("streams", "websockets")] == [0, 0]
