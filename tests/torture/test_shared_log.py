"""The figures of a log that several nodes share, on three NATS servers that sync each event: how fast nodes store in it, hear of
each other's events, and fill a copy. The nodes of the first two tests are stores in this process, without HTTP; the last one is a server.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import TypeAlias

import httpx
import pytest

from app.events.errors import StoreUnavailable
from app.events.event import Event
from tests.stores.opened import OpenStore, ids, opening
from tests.support.nats_cluster import NatsCluster
from tests.support.nodes import STREAM, Node, init_stream
from tests.support.servers import reset_peak, resident_bytes

pytest.importorskip("nats", reason="nats-py is not installed.")

from app.stores.jetstream.jetstream_log import JetStreamLog
from app.stores.jetstream.servers.nats_servers import NatsServers
from app.stores.replica.node_copy.local_copy import LocalCopy
from app.stores.replica.replica_store import ReplicaStore

EVENTS = 1_000_000
BATCH = 500
MEGABYTE = 1024 * 1024

Report: TypeAlias = Callable[[str], None]


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    with NatsCluster(tmp_path_factory.mktemp("nats")) as cluster:
        init_stream(cluster)
        yield cluster


def events(name: str, count: int) -> list[Event]:
    return [
        Event(
            "order.shipped",
            "1.2.0",
            f"{name}-{number}",
            f"or_{number}",
            json.dumps({"orderId": f"or_{number}", "when": "2024-05-01T10:00:00Z"}),
        )
        for number in range(count)
    ]


@asynccontextmanager
async def opened_nodes(nats: NatsCluster, folder: Path, count: int) -> AsyncIterator[Sequence[OpenStore]]:
    servers = NatsServers(tuple(server.url for server in nats.servers))
    async with AsyncExitStack() as opened:
        yield [
            await opened.enter_async_context(
                opening(
                    ReplicaStore(
                        JetStreamLog(servers, STREAM, accept_unsynced=True), LocalCopy(folder / f"{number}.db")
                    )
                )
            )
            for number in range(count)
        ]


def has_caught_up(node: OpenStore) -> bool:
    try:
        node.store.check()
    except StoreUnavailable:
        return False
    return True


def storing(node: OpenStore, name: str, size: int) -> Callable[[int], Awaitable[object]]:
    """Return a function that stores a batch with a number."""
    return lambda number: node.store.append(events(f"{name}-{number}", size))


async def timed(work: Callable[[int], Awaitable[object]], times: int, in_flight: int) -> tuple[float, list[float]]:
    """Do some work a number of times, some of them at the same time. Returns the seconds of all and of each."""
    numbers, each = iter(range(times)), list[float]()

    async def repeat() -> None:
        for number in numbers:
            began = time.perf_counter()
            await work(number)
            each.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(repeat() for _ in range(in_flight)))
    return time.perf_counter() - began, each


async def test_storing_in_a_shared_log(nats: NatsCluster, tmp_path: Path, report: Report) -> None:
    async with opened_nodes(nats, tmp_path, 1) as [node]:
        for size, times, in_flight in ((1, 500, 1), (1, 20_000, 64), (BATCH, 200, 1), (BATCH, 200, 4)):
            work = storing(node, f"stored-{size}-{in_flight}", size)
            seconds, each = await timed(work, times, in_flight)
            report(
                f"requests of {size}, {in_flight} in flight: {times * size / seconds:,.0f} events/s, "
                f"p50 {median(each) * 1000:.1f}, p99 {quantiles(each, n=100)[98] * 1000:.1f} ms"
            )


async def test_delivery_from_one_node_to_another(nats: NatsCluster, tmp_path: Path, report: Report) -> None:
    async with opened_nodes(nats, tmp_path, 2) as [one, other]:
        await one.until(lambda: has_caught_up(one))
        await other.until(lambda: has_caught_up(other))

        async def deliver(number: int) -> None:
            [event] = events(f"delivered-{number}", 1)
            stored = asyncio.create_task(one.store.append([event]))
            await other.until(lambda: event.event_id in ids(other.commits[-1].events if other.commits else ()))
            await stored

        _, each = await timed(deliver, 1000, 1)
        report(f"from node to node: p50 {median(each) * 1000:.1f}, p99 {quantiles(each, n=100)[98] * 1000:.1f} ms")


def test_a_node_without_a_copy_serves_a_million_events_within_a_minute(
    nats: NatsCluster, tmp_path: Path, report: Report
) -> None:
    asyncio.run(_fill(nats, tmp_path))
    began = time.monotonic()
    node = Node(nats, tmp_path / "new.db")
    try:
        filled = time.monotonic() - began
        peak = resident_bytes(node.server.pid, peak=True)
        reset_peak(node.server.pid)
        node.stop()
        began = time.monotonic()
        node.start()
        again = time.monotonic() - began
        page = httpx.get(node.events_url, params={"from": "earliest"}, headers={"Accept": "application/json"})
        report(
            f"{EVENTS:,} events copied in {filled:.1f} s, at most {peak / MEGABYTE:.0f} MB; restarted in {again:.1f} s"
        )
        assert len(page.json()["events"]) == 100
        assert filled < 60
    finally:
        node.stop()


async def _fill(nats: NatsCluster, folder: Path) -> None:
    async with opened_nodes(nats, folder, 1) as [node]:
        missing = (EVENTS - node.opened.head) // BATCH + 1
        await timed(storing(node, "filled", BATCH), missing, 4)
