"""A SQLite log after kill -9, and on a full disk: every acknowledged event is there, once and in order."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from app.events.errors import StoreUnavailable
from app.events.event import Event, StoredEvent
from app.stores.sqlite.store import SqliteStore
from tests.events.logs import event, run
from tests.stores.opened import OpenStore, ids, offsets, opening

SPAWN = get_context("spawn")

PUBLISHERS = 8
ROUNDS = 4
ACKNOWLEDGED_PER_ROUND = 300


def test_kill_9_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """Publisher p of round r sends `r-p-c` for c = 0, 1, 2 …; every acknowledged id must be there, and none twice."""
    path = tmp_path / "log.db"
    acknowledged: dict[str, tuple[str, int]] = {}
    for number in range(ROUNDS):
        acknowledged |= acknowledged_before_kill_9(path, number)
        stored = run(everything(path))
        assert {e.event_id: e.position for e in stored if e.event_id in acknowledged} == acknowledged
        assert offsets(stored) == list(range(1, len(stored) + 1))
        assert max(Counter(ids(stored)).values()) == 1
        for counters in by_publisher(stored).values():
            assert counters == list(range(len(counters)))
    assert len(acknowledged) >= ROUNDS * ACKNOWLEDGED_PER_ROUND


def acknowledged_before_kill_9(path: Path, number: int) -> dict[str, tuple[str, int]]:
    receiver, sender = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=publish_for_ever, args=(path, number, sender))
    process.start()
    sender.close()
    acknowledged: dict[str, tuple[str, int]] = {}
    with receiver, suppress(EOFError):
        while True:
            acknowledged |= receiver.recv()
            if len(acknowledged) >= ACKNOWLEDGED_PER_ROUND:
                process.kill()
    process.join()
    return acknowledged


def publish_for_ever(path: Path, number: int, acknowledged: Connection) -> None:
    async def publish(log: OpenStore, publisher: int) -> None:
        counter = 0
        while True:
            batch = [event(f"{number}-{publisher}-{counter + place}") for place in range(1 + counter % 3)]
            stored = await log.append(*batch)
            acknowledged.send({e.event_id: tuple(e.position) for e in stored})
            counter += len(batch)

    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            await asyncio.gather(*(publish(log, publisher) for publisher in range(PUBLISHERS)))

    asyncio.run(work())


async def everything(path: Path) -> list[StoredEvent]:
    async with opening(SqliteStore(path)) as log:
        return await log.events()


def by_publisher(stored: list[StoredEvent]) -> dict[str, list[int]]:
    counters: dict[str, list[int]] = {}
    for event_id in ids(stored):
        publisher, counter = event_id.rsplit("-", 1)
        counters.setdefault(publisher, []).append(int(counter))
    return counters


def test_a_full_disk_stops_appends_only_and_only_while_it_is_full(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, mp_context=SPAWN) as other_process:
        other_process.submit(fill_the_disk, tmp_path / "log.db").result(60)


def fill_the_disk(path: Path) -> None:
    """Run in a process of its own: the limit on the size of files holds for all of them."""

    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            stored = await log.append(*(large_event(f"before-{number}") for number in range(20)))
            for attempt in range(3):
                resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, resource.RLIM_INFINITY))
                refused = await append_until_refused(log, attempt, stored)
                assert str(refused) == "The log cannot be written now; try again later."
                assert stored == await log.events() == log.committed
                outcomes = await asyncio.gather(
                    *(log.append(large_event(f"x{n}")) for n in range(5)), return_exceptions=True
                )
                assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
                [again] = await log.store.append([large_event("before-7")])
                assert again.duplicate
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                stored += await log.append(large_event(f"after-{attempt}"))
                assert stored == await log.events() == log.committed
        async with opening(SqliteStore(path)) as log:
            assert await log.events() == stored
            assert all(a.offset + 1 == b.offset for a, b in pairwise(stored))

    run(work())


def test_a_start_on_a_full_disk_serves_readers_and_stores_once_there_is_room(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, mp_context=SPAWN) as other_process:
        other_process.submit(start_on_a_full_disk, tmp_path / "log.db").result(60)


def start_on_a_full_disk(path: Path) -> None:
    """Run in a process of its own, for its limit on the size of files."""

    async def work() -> None:
        async with opening(SqliteStore(path)) as log:
            stored = await log.append(*(event(f"before-{number}") for number in range(300)))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        async with opening(SqliteStore(path)) as log:
            before = log.opened.epochs
            assert before.position(log.opened.head) == stored[-1].position
            assert await log.events() == stored
            for _ in range(2):
                with pytest.raises(StoreUnavailable, match=r"^The log cannot be written now; try again later\.$"):
                    await log.append(event("refused"))
            [again] = await log.store.append([event("before-7")])
            assert again.duplicate
            assert await log.events() == stored
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            stored += await log.append(event("after"))
            stored += await log.append(event("after-that"))
            first, second = log.commits
            assert first.epochs is not None
            assert first.epochs.open == (stored[-1].epoch, 301)
            assert first.epochs.position(300).epoch != before.position(300).epoch
            assert second.epochs is None
            assert log.committed == stored[-2:]
        async with opening(SqliteStore(path)) as log:
            assert await log.events() == stored
            assert log.opened.epochs.lost(stored[-1].position, log.opened.head) is None

    run(work())


async def append_until_refused(log: OpenStore, attempt: int, stored: list[StoredEvent]) -> StoreUnavailable:
    while True:
        try:
            stored += await log.append(large_event(f"{attempt}-{len(stored)}"))
        except StoreUnavailable as refused:
            return refused


def large_event(event_id: str) -> Event:
    return Event("order.shipped", "1.0.0", event_id, "or_1", f'{{"text":"{"x" * 3000}"}}')
