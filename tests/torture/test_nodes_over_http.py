"""The figures of two nodes on three NATS servers, as HTTP clients see them: how fast they take events, and how soon the other node
delivers them. What a delivery costs a node is measured by `tests/benchmark/shared_log.py`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median, quantiles
from typing import TypeAlias

import httpx
import pytest

from tests.support.nats_cluster import NatsCluster
from tests.support.nodes import Node, two_nodes
from tests.support.watching_sockets import watching
from tests.transports.http.orders import EVENTS, shipped

pytest.importorskip("nats", reason="nats-py is not installed.")

Report: TypeAlias = Callable[[str], None]
_HEAD = b"POST %b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Node]]:
    folder = tmp_path_factory.mktemp("nodes")
    with NatsCluster(folder) as nats, two_nodes(nats, folder) as nodes:
        yield nodes


async def test_publishing_over_http_at_two_nodes(nodes: Sequence[Node], report: Report) -> None:
    for size, requests, in_flight in ((1, 500, 1), (1, 6000, 64), (500, 200, 4)):
        body = [json.dumps([shipped() for _ in range(size)]).encode() for _ in range(requests)]
        seconds, each = await _published_by_sockets(nodes, body, in_flight)
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


def _published(client: httpx.Client, url: str, number: int) -> str:
    """Publish some events in one request, and return the id of the last."""
    answer = client.post(url, json=[shipped() for _ in range(number)])
    assert answer.status_code == 201, answer.text
    return str(answer.json()["events"][-1]["id"])


async def _published_by_sockets(
    nodes: Sequence[Node], bodies: Sequence[bytes], in_flight: int
) -> tuple[float, list[float]]:
    """Publish each body in a request, on one connection for each request in flight. Returns the seconds of all and of each.

    The client is made of sockets: with 64 requests in flight, one of httpx takes several times the CPU time of both nodes.
    """
    left, each = iter(bodies), list[float]()

    async def publish(node: Node) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
        for body in left:
            began = time.perf_counter()
            writer.write(_HEAD % (EVENTS.encode(), len(body)) + body)
            status, *fields = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
            assert b" 201 " in status, status
            length = next(field for field in fields if field.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
            each.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(publish(nodes[number % len(nodes)]) for number in range(in_flight)))
    return time.perf_counter() - began, each
