"""The client under the checker of the server: everything once and in order, whatever is done to its connections."""

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
from tests.support.scenarios import sqlite, start_server
from tests.support.subscribers import PATIENCE_SECONDS
from tests.transports.http.orders import eventually


@pytest.mark.parametrize("how", ["close", "reset"])
def test_connections_that_break_anywhere_lose_and_double_nothing(how: Literal["close", "reset"]) -> None:
    random = Random(f"cut {how}")
    with (
        start_server("memory:") as server,
        CuttingProxy(server.port, draws(random, 1, 10_000), how) as proxy,
    ):
        readers = readers_of(proxy.url, 6, seed=51, most_events=375)
        asyncio.run(read_through(proxy, server.events_url, readers, events=1500, seed=52))
    # At any speed: the readers need 6,008 events of 102 bytes and more, at most 10,000 bytes from one connection. So there are 61
    # connections or more, of which no more than the last one of each stream, and of these there are 34, is left unbroken.
    assert sum(reader.streams for reader in readers) == 34
    assert proxy.broken >= 61 - 34


def test_connection_on_which_nothing_comes_any_more_is_given_up_for_a_new_one() -> None:
    random = Random("hold")
    with (
        start_server("memory:") as server,
        CuttingProxy(server.port, lambda: random.choice([random.randint(1, 30_000), None]), "hold") as proxy,
    ):
        readers = readers_of(proxy.url, 6, seed=53)
        for reader in readers:
            reader.silence_seconds = 3.0  # too short on a busy machine, it makes a reader come back and lose nothing
        asyncio.run(read_through(proxy, server.events_url, readers, events=1500, seed=54))


def test_server_that_is_killed_again_and_again_costs_its_readers_nothing(tmp_path: Path) -> None:
    ledger = asyncio.run(read_through_kills(sqlite(tmp_path), kills=4, readers=6, seed=55))
    assert len(ledger.acknowledged) > 100


def test_reader_that_takes_its_time_gets_everything(tmp_path: Path) -> None:
    readers = asyncio.run(read_slowly(sqlite(tmp_path), (), kept=7_000, gaps=[]))
    assert [reader.streams for reader in readers] == [1, 1, 1]


def test_reader_that_takes_longer_than_events_are_kept_is_told(tmp_path: Path) -> None:
    arguments = ("--retain-events", "9000")
    readers = asyncio.run(read_slowly(sqlite(tmp_path), arguments, kept=9_000, gaps=["expired"]))
    assert all({gap.reason for gap in reader.log.gaps} == {"expired"} for reader in readers)


def test_other_log_is_a_gap_after_which_everything_that_it_holds_is_delivered(tmp_path: Path) -> None:
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


def test_restored_backup_is_told_as_an_exception_and_read_by_iterating_again(tmp_path: Path) -> None:
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
            # Whoever resumes from what was kept before the exception is told of it again.
            assert stream.last_event_id == ids[-1]
            with pytest.raises(EventsLost):
                next(orders.stream(after=stream.last_event_id))
            assert lost.value.gap.reason in ("foreign", "ahead")
            new = publish_now(restored.events_url, counted(2, 1))
            assert [next(stream).id for _ in range(4)] == [*ids[:3], *new]
            stream.close()


def test_reader_of_a_quiet_hour_misses_nothing(tmp_path: Path) -> None:
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
