"""What a log of one server keeps and deletes, and the times that it records: the promises of the stores with a clock of their own.

The servers of a shared log delete by their own clocks; `test_event_store.py` has what is promised of all stores.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from app.events.errors import EventIdConflict
from app.events.event import NO_OWNER, Event, StoredEvent
from app.events.filter import EVERYTHING, Filter
from app.events.log.event_store import BelowFloor, EventStore
from app.events.position import Floor
from app.stores.memory import MemoryStore
from app.stores.sqlite.store import SqliteStore
from tests.events.logs import CANCELLED, SHIPPED, event, run
from tests.stores.opened import NOTHING, OpenStore, ids, numbered, of_orders, of_owners, offsets, opening

MakeStore: TypeAlias = Callable[..., EventStore]

SECOND_US = 1_000_000


@pytest.fixture(params=["memory", "sqlite"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> MakeStore:
    """Makes an empty store of each kind; call it with the limits of its retention."""

    def make(*, retain_events: int = 100_000, retain_seconds: float | None = None) -> EventStore:
        if request.param == "memory":
            return MemoryStore(retain_events, retain_seconds)
        return SqliteStore(tmp_path / "log.db", retain_events, retain_seconds)

    return make


class Clock:
    """A wall clock that a test sets, and a steady clock that moves with it only if the test lets time pass."""

    def __init__(self) -> None:
        self.now_us = time.time_ns() // 1000
        self._steady_us = 0

    def advance(self, seconds: int) -> None:
        self.now_us += seconds * SECOND_US
        self._steady_us += seconds * SECOND_US

    def time_ns(self) -> int:
        return self.now_us * 1000

    def monotonic_ns(self) -> int:
        return self._steady_us * 1000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time_ns", clock.time_ns)
    monkeypatch.setattr(time, "monotonic_ns", clock.monotonic_ns)
    return clock


def test_a_time_is_found_in_the_log(make_store: MakeStore, clock: Clock) -> None:
    async def work() -> None:
        async with opening(make_store(retain_events=6)) as log:
            assert await log.store.offset_before(clock.now_us) == 0
            start_us = clock.now_us
            for second in range(1, 5):
                clock.now_us = start_us + second * SECOND_US
                await log.append(*numbered(2, f"{second}-"))
            assert log.floor == Floor(2, start_us + SECOND_US)
            expected = {0: 2, 2 * SECOND_US: 2, 2 * SECOND_US + 1: 4, 3 * SECOND_US: 4, 4 * SECOND_US: 6}
            found = {after_us: await log.store.offset_before(start_us + after_us) for after_us in expected}
            assert found == expected
            assert await log.store.offset_before(start_us + 4 * SECOND_US + 1) == 8
            assert await log.store.offset_before(2**62) == 8

    run(work())


# By number


def test_retention_by_count_is_exact(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store(retain_events=10)) as log:
            for number in range(1, 13):
                await log.append(*numbered(number, f"{number}-"))
                head = number * (number + 1) // 2
                assert log.floor.offset == max(0, head - 10)
                assert offsets(await log.events()) == list(range(max(0, head - 10) + 1, head + 1))

    run(work())


def test_a_request_larger_than_the_retention_keeps_its_end(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store(retain_events=10)) as log:
            stored = await log.append(*numbered(12_000))
            assert offsets(stored) == list(range(1, 12_001))
            assert log.committed == stored
            assert log.floor == Floor(11_990, stored[11_989].stored_at_us)
            assert await log.events() == stored[-10:]

    run(work())


def test_the_floor_is_the_newest_deleted_event(make_store: MakeStore, clock: Clock) -> None:
    async def work() -> None:
        async with opening(make_store(retain_events=2)) as log:
            for number in range(1, 6):
                clock.now_us += SECOND_US
                await log.append(event(f"{number}"))
            assert [commit.floor.offset for commit in log.commits] == [0, 0, 1, 2, 3]
            assert log.floor.stored_at_us == log.committed[2].stored_at_us

    run(work())


@pytest.mark.parametrize("filter", [EVERYTHING, SHIPPED, of_orders("or_e9")])
def test_a_read_from_below_the_floor_says_where_the_floor_is(make_store: MakeStore, filter: Filter) -> None:
    async def work() -> None:
        async with opening(make_store(retain_events=4)) as log:
            await log.append(*numbered(10))
            assert log.floor.offset == 6
            for after in (0, 5):
                with pytest.raises(BelowFloor) as below:
                    await log.page(after, filter=filter)
                assert below.value.floor == log.floor
            assert (await log.page(6, filter=filter)).through == 10

    run(work())


def test_a_deleted_event_may_be_stored_again(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store(retain_events=3)) as log:
            await log.append(event("a"))
            await log.append(event("b"), event("c"), event("d"))
            [again] = await log.store.append([event("a", "order.cancelled")])
            assert not again.duplicate
            assert again.stored.offset == 5

    run(work())


def test_only_the_event_of_one_owner_is_deleted(make_store: MakeStore) -> None:
    async def work() -> None:
        async with opening(make_store(retain_events=3)) as log:
            of_nobody, of_m, of_n = event("a"), event("a", "order.cancelled", owner="m"), event("a", owner="n")
            await log.append(of_nobody, of_m, of_n, event("c"))
            assert offsets(await log.append(of_m, of_n, of_nobody)) == [2, 3, 5]
            assert [each.owner for each in await log.events(of_owners("m", "n"))] == ["n"]

    run(work())


def test_events_go_one_by_one_as_they_grow_old(make_store: MakeStore, clock: Clock) -> None:
    async def work() -> None:
        async with opening(make_store(retain_seconds=100)) as log:
            await log.append(event("old"))
            clock.advance(60)
            await log.append(event("young"))
            clock.advance(50)
            await log.until(lambda: log.floor.offset > 0)
            assert ids(await log.events()) == ["young"]
            clock.advance(40)
            await log.append(event("younger"))
            clock.advance(20)
            await log.until(lambda: log.floor.offset > 1)
            assert ids(await log.events()) == ["younger"]

    run(work())


def test_a_clock_that_leaps_ahead_makes_nothing_older(make_store: MakeStore, clock: Clock) -> None:
    async def work() -> None:
        async with opening(make_store(retain_seconds=100)) as log:
            await log.append(event("110"))
            clock.advance(60)
            await log.append(event("50"))
            clock.now_us += 3600 * SECOND_US
            await log.append(event("leapt"))
            clock.advance(50)
            await log.until(lambda: log.floor.offset > 0)
            assert ids(await log.events()) == ["50", "leapt"]
            clock.advance(60)
            await log.until(lambda: log.floor.offset > 1)
            clock.advance(100)
            await log.until(lambda: log.floor.offset == 3)

    run(work())


def test_times_never_decrease_although_the_clock_is_set_back(make_store: MakeStore, clock: Clock) -> None:
    async def work() -> None:
        async with opening(make_store()) as log:
            start_us = clock.now_us
            for back_us in (0, 3600 * SECOND_US, -SECOND_US):
                clock.now_us = start_us - back_us
                await log.append(event(f"{back_us}"))
            assert [e.stored_at_us - start_us for e in await log.events()] == [0, 0, SECOND_US]

    run(work())


# Against the reference


@pytest.mark.parametrize("seed", range(5))
def test_random_appends_and_reads_give_the_same_as_the_reference(
    make_store: MakeStore, clock: Clock, seed: int
) -> None:
    async def work() -> None:
        chance = random.Random(seed)
        retain = chance.choice([20, 100])
        async with opening(make_store(retain_events=retain)) as log, opening(MemoryStore(retain)) as reference:
            for _ in range(200):
                clock.now_us += chance.choice([-50, 0, 1, 1000])
                batch = [random_event(chance) for _ in range(chance.choice([1, 1, 3, 30]))]
                assert await appended(log, batch) == await appended(reference, batch)
                head = max([0, *offsets(reference.committed)])
                after, through = chance.randint(0, head), chance.randint(0, head + 5)
                filter, limit = chance.choice(WANTED), chance.choice([1, 5, 1000])
                assert await found(log, after, through, filter, limit) == await found(
                    reference, after, through, filter, limit
                )
                at_us = clock.now_us - chance.randint(-10, 2000)
                assert await log.store.offset_before(at_us) == await reference.store.offset_before(at_us)
                assert log.floor == reference.floor
            assert comparable(await log.events()) == comparable(await reference.events())

    run(work())


WANTED = [
    EVERYTHING,
    SHIPPED,
    CANCELLED,
    NOTHING,
    of_orders("or_1"),
    of_orders("or_1", "or_4", "or_5"),
    Filter(frozenset({"order.shipped"}), frozenset({"or_2", "or_3"})),
    of_owners("me_1"),
    of_owners("me_1", "me_2"),
    Filter(frozenset({"order.shipped"}), None, frozenset({"me_2"})),
    Filter(None, frozenset({"or_1", "or_2"}), frozenset({"me_1"})),
]


def random_event(chance: random.Random) -> Event:
    event_type = chance.choice(["order.shipped", "order.cancelled"])
    order_id = chance.choice(["or_1", "or_2", "or_3", "or_4", None])
    data = json.dumps({"orderId": order_id})
    owner = chance.choice(["me_1", "me_2", NO_OWNER, NO_OWNER])
    event_id = f"e{chance.randint(1, 10 ** chance.choice([2, 9]))}"
    return Event(event_type, "1.0.0", event_id, order_id, data, owner=owner)


async def appended(log: OpenStore, batch: list[Event]) -> object:
    try:
        return [(comparable([stored]), duplicate) for stored, duplicate in await log.store.append(batch)]
    except EventIdConflict as conflict:
        return (conflict.index, conflict.event_id)


async def found(log: OpenStore, after: int, through: int, filter: Filter, limit: int) -> object:
    try:
        page = await log.page(after, through, filter, limit)
    except BelowFloor as below:
        return below.floor
    return (comparable(page.events), page.through)


def comparable(events: Sequence[StoredEvent]) -> list[StoredEvent]:
    return [stored._replace(epoch="") for stored in events]
