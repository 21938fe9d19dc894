"""A client that stops reading costs its positions and not memory, and gets every event once it reads on."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.support.servers import resident_bytes, sqlite, start_server
from tests.transports.http.orders import cancelled, new_order, publish
from tests.transports.http.wire import PATIENCE_SECONDS
from tests.transports.websocket.raw_socket import RawSocket

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the server's memory is read from /proc")

MEGABYTE = 1024 * 1024
WIDE = "x" * 500
WIDEST = "😀" * 500  # 6,000 bytes in JSON
LARGEST_MESSAGE_BYTES = 512 * 1024


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with start_server(sqlite(tmp_path)) as running:
        yield running


@pytest.fixture
def http(server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        yield client


def publish_many(http: httpx.Client, count: int, order: str = "or_12345", reason: str = WIDE) -> list[str]:
    """Publish events of one order. Returns their ids."""
    ids: list[str] = []
    while len(ids) < count:
        ids += publish(http, *(cancelled(order, reason) for _ in range(min(1000, count - len(ids)))))
    return ids


def read_ids(client: RawSocket, wanted: dict[int, int]) -> dict[int, list[str]]:
    """Read until each subscription has got a number of events. Returns the ids by subscription."""
    read: dict[int, list[str]] = {number: [] for number in wanted}
    while any(len(read[number]) < count for number, count in wanted.items()):
        message = client.message()
        if message["type"] == "events":
            read[message["subscription"]] += [each["id"] for each in message["events"]]
        else:
            assert message["type"] == "checkpoint", message
    return read


def test_paused_clients_cost_no_memory_and_lose_nothing(server: ServerProcess, http: httpx.Client) -> None:
    burst, quiet = new_order(), new_order()
    publish_many(http, 14_000)  # fills the part of the log that the server keeps in memory anyway
    with ExitStack() as stack:
        clients = [stack.enter_context(RawSocket(server.port, receive_buffer=4096)) for _ in range(6)]
        for client in clients:
            for number, order in ((1, burst), (2, quiet)):
                client.say(type="subscribe", subscription=number, orderId=[order])
                assert client.message()["type"] == "checkpoint"
        before = resident_bytes(server.pid)
        first = publish_many(http, 1, quiet)
        many = publish_many(http, 14_000, burst)
        last = publish_many(http, 1, quiet)
        # Queues would hold what the kernel does not take: half of 9 MB, for each client.
        assert resident_bytes(server.pid) - before < 20 * MEGABYTE
        for client in clients:
            assert read_ids(client, {1: len(many), 2: 2}) == {1: many, 2: [*first, *last]}


def test_paused_client_with_many_replays_costs_a_few_pages(server: ServerProcess, http: httpx.Client) -> None:
    ids = publish_many(http, 3000, reason=WIDEST)
    publish_many(http, 14_000)  # the first events are in the store alone now
    numbers = range(1, 33)
    with RawSocket(server.port, receive_buffer=4096) as busy, RawSocket(server.port, receive_buffer=4096) as paused:
        busy.say(type="subscribe", subscription=1, **{"from": "earliest"}, limit=len(ids))
        read_ids(busy, {1: len(ids)})
        before = resident_bytes(server.pid)
        for number in numbers:
            paused.say(type="subscribe", subscription=number, **{"from": "earliest"}, limit=len(ids))
        for _ in numbers:
            assert paused.message()["type"] in ("checkpoint", "events")
        busy.say(type="publish", request=1, events=[cancelled()])
        while busy.message()["type"] != "published":
            pass
        # A page of each would be 200 MB.
        assert resident_bytes(server.pid) - before < 120 * MEGABYTE


def test_every_replay_of_a_client_that_paused_goes_on(server: ServerProcess, http: httpx.Client) -> None:
    ids = publish_many(http, 2000)
    with RawSocket(server.port, receive_buffer=4096) as client:
        for number in range(1, 33):
            client.say(type="subscribe", subscription=number, **{"from": "earliest"})
        assert client.message()["type"] == "checkpoint"
        ids += publish_many(http, 1000)
        assert read_ids(client, dict.fromkeys(range(1, 33), len(ids))) == dict.fromkeys(range(1, 33), ids)


def test_message_is_small_unless_one_event_is_large(server: ServerProcess, http: httpx.Client) -> None:
    ids = publish_many(http, 2000, reason=WIDEST)
    with RawSocket(server.port) as client:
        client.say(type="subscribe", subscription=1, **{"from": "earliest"}, limit=len(ids))
        sizes: list[int] = []
        read: list[str] = []
        while len(read) < len(ids):
            message = client.frame()
            sizes.append(len(message.payload))
            read += [each["id"] for each in json.loads(message.payload).get("events", ())]
    assert read == ids
    assert LARGEST_MESSAGE_BYTES * 9 // 10 < max(sizes) <= LARGEST_MESSAGE_BYTES
