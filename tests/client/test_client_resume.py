"""The client passes the server's checker: everything once and in order, however its connections break."""

from __future__ import annotations

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from app.client import EventsLost, OrdersClient
from tests.client.client_scenarios import read_slowly, read_through, read_through_kills
from tests.client.cutting_proxy import CuttingProxy
from tests.client.readers import draws, readers_of, take
from tests.support.checker import Ledger, SubscriberLog, judge
from tests.support.ports import own_port
from tests.support.publishers import counted, publish_now, type_of
from tests.support.server_process import ServerProcess
from tests.support.servers import sqlite, start_server
from tests.support.subscribers import PATIENCE_SECONDS
from tests.transports.grpc.conftest import GRPC_IS_INSTALLED
from tests.transports.http.orders import eventually

pytestmark = pytest.mark.usefixtures("quick_reconnections", "untraced")
needs_grpc = pytest.mark.skipif(not GRPC_IS_INSTALLED, reason="the packages of the extra grpc are not installed")


@pytest.mark.parametrize("how", ["close", "reset"])
def test_connections_that_break_anywhere_lose_and_repeat_nothing(how: Literal["close", "reset"]) -> None:
    random = Random(f"cut {how}")
    with (
        start_server("memory:", "--compression", "off") as server,
        CuttingProxy(server.port, draws(random, 1, 10_000), how) as proxy,
    ):
        readers = readers_of(proxy.url, 6, seed=51, most_events=375)
        asyncio.run(read_through(proxy, server.events_url, readers, events=1500, seed=52))
    # At any speed: the readers need 6,008 events of 102 bytes and more, at most 10,000 bytes from one connection. So there are 61
    # connections or more, of which no more than the last one of each stream, and of these there are 34, is left unbroken.
    assert sum(reader.streams for reader in readers) == 34
    assert proxy.broken >= 61 - 34


def test_compressed_streams_that_break_anywhere_lose_and_repeat_nothing() -> None:
    with start_server("memory:") as server, CuttingProxy(server.port, draws(Random(58), 1, 3_000), "close") as proxy:
        readers = readers_of(proxy.url, 6, seed=51, most_events=375)
        asyncio.run(read_through(proxy, server.events_url, readers, events=1500, seed=52))


def test_web_sockets_that_break_anywhere_lose_and_repeat_nothing() -> None:
    random = Random("cut web sockets")
    with (
        start_server("memory:") as server,
        # A message of 375 events is not compressed and has 80,000 bytes; a connection that ends within the first one brings nothing.
        # But most messages are compressed: a connection that reads live events breaks only if it may read little.
        CuttingProxy(server.port, lambda: random.randint(1, random.choice((3_000, 200_000))), "reset") as proxy,
    ):
        readers = readers_of(proxy.url, 6, seed=51, most_events=375, transports=("websocket",))
        asyncio.run(read_through(proxy, server.events_url, readers, events=1500, seed=52))


@needs_grpc
@pytest.mark.parametrize("how", ["close", "reset"])
def test_grpc_calls_that_break_anywhere_lose_and_repeat_nothing(how: Literal["close", "reset"]) -> None:
    random = Random(f"cut calls {how}")
    with (
        start_server("memory:", "--grpc-port", "0") as server,
        CuttingProxy(grpc_port_of(server), draws(random, 1, 100_000), how) as proxy,
    ):
        readers = readers_of(
            "", 6, seed=51, most_events=375, transports=("grpc",), grpc_url=proxy.url.replace("http", "grpc")
        )
        asyncio.run(read_through(proxy, server.events_url, readers, events=1500, seed=52))


@needs_grpc
def test_stalled_grpc_call_is_replaced_by_a_new_one() -> None:
    random = Random("hold calls")
    with (
        start_server("memory:", "--grpc-port", "0") as server,
        CuttingProxy(grpc_port_of(server), lambda: random.choice([random.randint(1, 30_000), None]), "hold") as proxy,
    ):
        readers = readers_of("", 6, seed=53, transports=("grpc",), grpc_url=proxy.url.replace("http", "grpc"))
        for reader in readers:
            reader.silence_seconds = 3.0
        asyncio.run(read_through(proxy, server.events_url, readers, events=1500, seed=54))


def test_stalled_connection_is_replaced_by_a_new_one() -> None:
    random = Random("hold")
    with (
        start_server("memory:", "--compression", "off") as server,
        CuttingProxy(server.port, lambda: random.choice([random.randint(1, 30_000), None]), "hold") as proxy,
    ):
        readers = readers_of(proxy.url, 6, seed=53)
        for reader in readers:
            reader.silence_seconds = (
                3.0  # if it is too short on a busy machine, a reader connects again and loses nothing
            )
        asyncio.run(read_through(proxy, server.events_url, readers, events=1500, seed=54))


def test_readers_miss_nothing_while_the_server_is_killed_again_and_again(tmp_path: Path) -> None:
    ledger = asyncio.run(read_through_kills(sqlite(tmp_path), kills=4, readers=6, seed=55))
    assert len(ledger.acknowledged) > 100


def test_slow_reader_gets_everything(tmp_path: Path) -> None:
    readers = asyncio.run(read_slowly(sqlite(tmp_path), (), kept=7_000, gaps=[]))
    assert [reader.streams for reader in readers] == [1, 1, 1]


def test_reader_slower_than_the_retention_gets_a_gap(tmp_path: Path) -> None:
    arguments = ("--retain-events", "9000")
    readers = asyncio.run(read_slowly(sqlite(tmp_path), arguments, kept=9_000, gaps=["expired"]))
    assert all({gap.reason for gap in reader.log.gaps} == {"expired"} for reader in readers)


def test_another_log_is_a_gap_followed_by_all_its_events(tmp_path: Path) -> None:
    ledger, log = Ledger(), SubscriberLog("reader")
    for mark in counted(0, 5):
        ledger.sends(mark, type_of(mark))
    with start_server("memory:", port=own_port()) as first:
        publish_now(first.events_url, counted(0, 5))
        with OrdersClient(first.url) as orders, orders.stream(from_="earliest", gaps="yield") as stream:
            for _ in range(5):
                take(log, next(stream))
            first.kill()
            with start_server(sqlite(tmp_path), port=first.port) as second:
                publish_now(second.events_url, counted(1, 4), ledger)
                for _ in range(5):
                    take(log, next(stream))
    assert [gap.reason for gap in log.gaps] == ["foreign"]
    assert judge(ledger, [log], gaps=["foreign"]) == []
    assert [each.mark for each in log.delivered[5:]] == counted(1, 4)


def test_restored_backup_raises_events_lost_and_is_read_by_iterating_again(tmp_path: Path) -> None:
    kept, live = tmp_path / "kept", tmp_path / "live"
    live.mkdir()
    with start_server(sqlite(live)) as server:
        ids = publish_now(server.events_url, counted(0, 3))
    shutil.copytree(live, kept)
    with start_server(sqlite(live), port=own_port()) as server, OrdersClient(server.url) as orders:
        ids += publish_now(server.events_url, counted(0, 2, first=3))
        stream = orders.stream(from_="earliest")
        assert [next(stream).id for _ in ids] == ids
        server.kill()
        with start_server(sqlite(kept), port=server.port) as restored:
            with pytest.raises(EventsLost) as lost:
                next(stream)
            # A program that resumes from the id that it kept before the exception gets the exception again.
            assert stream.last_event_id == ids[-1]
            with pytest.raises(EventsLost):
                next(orders.stream(after=stream.last_event_id))
            assert lost.value.gap.reason in ("foreign", "ahead")
            new = publish_now(restored.events_url, counted(2, 1))
            assert [next(stream).id for _ in range(4)] == [*ids[:3], *new]
            stream.close()


def test_reader_that_saw_no_event_yet_misses_nothing(tmp_path: Path) -> None:
    store = sqlite(tmp_path)
    with (
        start_server(store, port=own_port()) as server,
        OrdersClient(server.url) as orders,
        ThreadPoolExecutor(1) as thread,
    ):
        stream = orders.stream()
        first = thread.submit(next, stream)
        assert eventually(lambda: stream.last_event_id is not None, PATIENCE_SECONDS)
        server.kill()
        with start_server(store) as elsewhere:
            ids = publish_now(elsewhere.events_url, counted(0, 1))
        with start_server(store, port=server.port):
            assert [first.result(PATIENCE_SECONDS).id] == ids
            stream.close()


def grpc_port_of(server: ServerProcess) -> int:
    return int(server.grpc_address.rpartition(":")[2])
