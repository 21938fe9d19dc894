"""The client under the checker of the server: everything once and in order, whatever is done to its connections."""

from __future__ import annotations

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from app.client import EventsLost, OrdersClient
from tests.checker import Ledger, SubscriberLog, judge
from tests.client.cutting_proxy import CuttingProxy
from tests.client.readers import Reader, draws, logs, readers_of, reading, take
from tests.publishers import LAST, SHIPPED, Publisher, counted, publish_now, type_of
from tests.scenarios import (
    has_acknowledged,
    newest_log,
    publish_in_batches,
    publish_until,
    sqlite,
    start_server,
    stored_log,
)
from tests.subscribers import PATIENCE_SECONDS, open_client, poll
from tests.transports.http.orders import eventually


async def read_through(proxy: CuttingProxy, url: str, readers: list[Reader], *, events: int, seed: int) -> Ledger:
    """Publish at the server while readers read through the proxy; judge what they read."""
    ledger = Ledger()
    async with open_client() as client, reading(readers):
        await Publisher(url, ledger).publish_all(client, counted(0, events), random=Random(seed), most=20)
        await Publisher(url, ledger).ends(client)
    assert proxy.broken > 0
    assert judge(ledger, [*logs(readers), stored_log(url)]) == []
    return ledger


# A reset loses what was not read yet, too, so there is less progress in each connection.
@pytest.mark.parametrize(("how", "events", "breaks"), [("close", 1500, 20), ("reset", 300, 6)])
def test_connections_that_break_anywhere_lose_and_double_nothing(
    how: Literal["close", "reset"], events: int, breaks: int
) -> None:
    random = Random(f"cut {how}")
    with (
        start_server("memory:") as server,
        CuttingProxy(server.port, draws(random, 1, 20_000), how) as proxy,
    ):
        readers = readers_of(proxy.url, 6, seed=51, most_events=events // 4)
        asyncio.run(read_through(proxy, server.events_url, readers, events=events, seed=52))
    assert proxy.broken >= breaks
    assert sum(reader.streams for reader in readers) > 2 * len(readers)


def test_connection_on_which_nothing_comes_any_more_is_given_up_for_a_new_one() -> None:
    random = Random("hold")
    with (
        start_server("memory:") as server,
        CuttingProxy(server.port, lambda: random.choice([random.randint(1, 30_000), None]), "hold") as proxy,
    ):
        readers = readers_of(proxy.url, 6, seed=53)
        asyncio.run(read_through(proxy, server.events_url, readers, events=1500, seed=54))


async def read_through_kills(store: str, *, kills: int, readers: int, seed: int) -> Ledger:
    ledger, random, stop = Ledger(), Random(seed), asyncio.Event()
    with ExitStack() as stack:
        server = stack.enter_context(await asyncio.to_thread(start_server, store))
        url, port = server.events_url, server.port
        followers = readers_of(server.url, readers, seed=seed, most_events=300)
        async with open_client() as client, reading(followers):
            async with asyncio.TaskGroup() as group:
                for number in range(2):
                    writer = Publisher(url, ledger, patience=None if number else 1)
                    group.create_task(publish_until(stop, writer, client, number, Random(f"{seed} {number}"), most=20))
                for _ in range(kills):
                    await has_acknowledged(ledger, random.randint(0, 300))
                    await asyncio.to_thread(server.kill)
                    server = stack.enter_context(await asyncio.to_thread(start_server, store, port=port))
                stop.set()
            await Publisher(url, ledger).ends(client)
        assert judge(ledger, [*logs(followers), stored_log(url)]) == []
    return ledger


def test_server_that_is_killed_again_and_again_costs_its_readers_nothing(tmp_path: Path) -> None:
    ledger = asyncio.run(read_through_kills(sqlite(tmp_path), kills=4, readers=6, seed=55))
    assert len(ledger.acknowledged) > 100


async def read_slowly(store: str, arguments: tuple[str, ...], *, kept: int, gaps: list[str]) -> list[Reader]:
    """Let readers stop until far more has been published than the kernel buffers; judge what they read."""
    ledger, random = Ledger(), Random(56)
    with ExitStack() as stack:
        server = stack.enter_context(await asyncio.to_thread(start_server, store, *arguments))
        async with open_client(receive_bytes=65_536) as narrow, open_client() as client:
            readers = readers_of(server.url, 3, seed=57)
            for reader in readers:
                reader.blocking, reader.http = False, narrow
                reader.options = {"from_": "earliest"}
                reader.until, reader.log = LAST[SHIPPED], SubscriberLog(reader.log.name)
                reader.pause_before = random.randint(1, 100)
            publisher = Publisher(server.events_url, ledger, characters=500)
            await publish_in_batches(publisher, client, counted(0, kept))
            async with reading(readers):
                await poll(lambda: all(each.events == each.pause_before for each in readers), "readers to stop")
                await publish_in_batches(publisher, client, counted(1, kept))
                for reader in readers:
                    reader.resume.set()
                publisher.characters = 0
                await publisher.ends(client)
        log = newest_log(server.events_url, ledger)
        assert judge(ledger, [*logs(readers), log], gaps=gaps) == []
    return readers


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
    with start_server("memory:") as first:
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
    with start_server(sqlite(live)) as server, OrdersClient(server.url) as orders:
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
    with start_server(store) as server, OrdersClient(server.url) as orders, ThreadPoolExecutor(1) as thread:
        stream = orders.stream()
        first = thread.submit(next, stream)
        assert eventually(lambda: stream.last_event_id is not None, PATIENCE_SECONDS)
        server.kill()
        with start_server(store) as elsewhere:
            ids = publish_now(elsewhere.events_url, counted(0, 1))
        with start_server(store, port=server.port):
            assert [first.result(PATIENCE_SECONDS).id] == ids
            stream.close()
