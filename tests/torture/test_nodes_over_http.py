"""The figures of two nodes on three NATS servers, as HTTP clients see them: how fast they take events, how soon the other node
delivers them, and how much a delivery costs a node beside a server with an SQLite log.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import TypeAlias

import httpx
import pytest

from tests.support.nats_cluster import NatsCluster
from tests.support.nodes import ANY_NODE, Node, open_spreading_client, two_nodes
from tests.support.servers import sqlite, start_server
from tests.support.watching_sockets import watching
from tests.transports.http.orders import EVENTS, metric, shipped

pytest.importorskip("nats", reason="nats-py is not installed.")

ROUNDS = int(os.environ.get("NODES_ROUNDS", "5"))
SUBSCRIBERS = 1000
REQUESTS = 400  # of one event each, in one round of the comparison of costs

Report: TypeAlias = Callable[[str], None]
_numbers = count()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Node]]:
    folder = tmp_path_factory.mktemp("nodes")
    with NatsCluster(folder) as nats, two_nodes(nats, folder) as nodes:
        yield nodes


async def test_publishing_over_http_at_two_nodes(nodes: Sequence[Node], report: Report) -> None:
    async with open_spreading_client(nodes, seed=1) as client:
        for size, requests, in_flight in ((1, 500, 1), (1, 4000, 64), (500, 200, 4)):

            async def publish(size: int = size) -> None:
                answer = await client.post(ANY_NODE, json=[shipped() for _ in range(size)])
                assert answer.status_code == 201, answer.text

            seconds, each = await _timed(publish, requests, in_flight)
            report(
                f"over HTTP, requests of {size}, {in_flight} in flight over two nodes: {requests * size / seconds:,.0f} events/s, "
                f"p50 {median(each) * 1000:.1f}, p99 {quantiles(each, n=100)[98] * 1000:.1f} ms"
            )


def test_delivery_over_http_from_one_node_to_the_other(nodes: Sequence[Node], report: Report) -> None:
    one, other = nodes
    each = []
    with httpx.Client(trust_env=False, timeout=60) as client, watching(other.port, EVENTS, 1) as watched:
        for _ in range(1000):
            began = time.perf_counter()
            watched.wait_for(_published(client, one.events_url, 1))
            each.append(time.perf_counter() - began)
    report(
        f"published at one node, delivered by the other, over HTTP: p50 {median(each) * 1000:.1f}, "
        f"p99 {quantiles(each, n=100)[98] * 1000:.1f} ms"
    )


def test_a_delivery_costs_a_node_what_it_costs_a_server_with_sqlite(
    nodes: Sequence[Node], tmp_path: Path, report: Report
) -> None:
    with start_server(sqlite(tmp_path)) as server:
        pairs = [(_cost(nodes[0].url), _cost(server.url)) for _ in range(ROUNDS)]
    for each in pairs:
        report("CPU for each delivery: a node {:.2f} us, SQLite {:.2f} us".format(*each))
    ratios = sorted(node / alone for node, alone in pairs)
    report(f"a node beside SQLite: {median(ratios):.3f}, from {ratios[0]:.3f} to {ratios[-1]:.3f}, in {ROUNDS} pairs")


def _cost(url: str) -> float:
    """Return the CPU time of a server for each delivery to one more subscriber, in microseconds."""
    alone = _cpu_seconds(url, 0)
    return (_cpu_seconds(url, SUBSCRIBERS) - alone) / (SUBSCRIBERS * REQUESTS) * 1e6


def _cpu_seconds(url: str, subscribers: int) -> float:
    """Return the CPU time that a server takes to store some events and to deliver them to subscribers."""
    port = httpx.URL(url).port
    assert port is not None
    with (
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
        watching(port, EVENTS, subscribers) as watched,
    ):
        before = metric(client, "process_cpu_seconds_total")
        for _ in range(REQUESTS):
            newest = _published(client, f"{url}{EVENTS}", 1)
        watched.wait_for(newest)
        return metric(client, "process_cpu_seconds_total") - before


def _published(client: httpx.Client, url: str, number: int) -> str:
    """Publish some events in one request, and return the id of the last."""
    answer = client.post(url, json=[shipped() for _ in range(number)])
    assert answer.status_code == 201, answer.text
    return str(answer.json()["events"][-1]["id"])


async def _timed(work: Callable[[], Awaitable[None]], times: int, in_flight: int) -> tuple[float, list[float]]:
    """Do some work a number of times, some of them at the same time. Returns the seconds of all and of each."""
    numbers, each = iter(range(times)), list[float]()

    async def repeat() -> None:
        for _ in numbers:
            began = time.perf_counter()
            await work()
            each.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(repeat() for _ in range(in_flight)))
    return time.perf_counter() - began, each
