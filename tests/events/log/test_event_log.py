from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from app.events.errors import StoreUnavailable
from app.events.event import Event
from app.events.filter import EVERYTHING, Filter
from app.events.log import event_log as log_module
from app.events.log import tail as tail_module
from app.events.log.event_log import EventLog
from app.events.log.event_store import BelowFloor, Page
from app.events.position import Floor
from app.stores.memory import MemoryStore
from tests.events.logs import CANCELLED, SHIPPED, event, in_virtual_time, now_seconds, open_log, turns


async def test_an_empty_log_has_its_head_at_its_floor() -> None:
    log = await open_log()
    assert (log.head, log.floor, log.position(0).offset) == (0, Floor(0, 0), 0)
    assert (await log.read(0, 0, EVERYTHING, 10)).through == 0


async def test_appended_events_are_read_back() -> None:
    log = await open_log(event("a"), event("b", "order.cancelled"), event("c"))
    page = await log.read(0, log.head, SHIPPED, 10)
    assert [(stored.event_id, stored.offset) for stored in page.events] == [("a", 1), ("c", 3)]
    assert page.through == log.head == 3


async def test_readers_at_one_place_with_one_filter_get_the_very_same_page() -> None:
    log = await open_log(*map(event, "abc"))
    page = await log.read(0, 3, SHIPPED, 10)
    assert await log.read(0, 3, Filter(frozenset({"order.shipped"})), 10) is page
    others = [(1, 3, SHIPPED, 10), (0, 2, SHIPPED, 10), (0, 3, EVERYTHING, 10), (0, 3, SHIPPED, 9)]
    assert page not in [await log.read(*other) for other in others]


async def test_a_page_is_not_shared_across_a_commit() -> None:
    log = await open_log(event("a"))
    page = await log.read(0, log.head, EVERYTHING, 10)
    await log.append([event("b")])
    assert await log.read(0, 1, EVERYTHING, 10) is not page


async def test_shared_pages_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "PAGES_KEPT", 10)

    log = await open_log(event("a"))
    for number in range(100):
        await log.read(0, 1, Filter(order_ids=frozenset({f"or_{number}"})), 10)
        assert len(log._pages) <= 10


class ReopenedStore(MemoryStore):
    """A store whose events are in no tail, as after a restart; it counts its reads."""

    def __init__(self) -> None:
        super().__init__(100)
        self.reads = 0

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        self.reads += 1
        return await super().read(after, through, filter, limit)


async def reopened(monkeypatch: pytest.MonkeyPatch, *events: Event) -> tuple[EventLog, ReopenedStore]:
    monkeypatch.setattr(tail_module, "TAIL_EVENTS", 0)
    store = ReopenedStore()
    log = EventLog(store)
    await log.open()
    await log.append(events)
    assert not log.has_in_memory(0)
    return log, store


async def test_readers_that_come_back_together_share_a_read_of_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    log, store = await reopened(monkeypatch, *map(event, "abc"))
    page = await log.read(0, 3, SHIPPED, 10)
    assert all([await log.read(0, 3, SHIPPED, 10) is page for _ in range(10)])
    assert store.reads == 1
    assert [stored.event_id for stored in page.events] == ["a", "b", "c"]
    for other in [(1, 3, SHIPPED, 10), (0, 2, SHIPPED, 10), (0, 3, EVERYTHING, 10), (0, 3, SHIPPED, 2)]:
        assert await log.read(*other) != page
    assert store.reads == 5


async def test_a_page_of_the_store_is_not_shared_across_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    log, store = await reopened(monkeypatch, event("a"), event("b"))
    page = await log.read(0, 2, EVERYTHING, 10)
    await log.append([event("c")])
    assert await log.read(0, 2, EVERYTHING, 10) is not page
    assert store.reads == 2


async def test_few_pages_of_the_store_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    log, _ = await reopened(monkeypatch, *map(event, "abcdefghij"))
    for after in range(9):
        await log.read(after, 10, EVERYTHING, 1)
    assert len(log._stored_pages) == log_module.STORED_PAGES_KEPT


@pytest.mark.parametrize("filter", [EVERYTHING, SHIPPED, CANCELLED])
@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_a_reader_that_fell_out_of_the_tail_reads_the_same_from_the_store(
    monkeypatch: pytest.MonkeyPatch, filter: Filter, limit: int
) -> None:
    async def everything(tail_events: int) -> list[str]:
        monkeypatch.setattr(tail_module, "TAIL_EVENTS", tail_events)
        log, after, read = await open_log(), 0, list[str]()
        for number in range(50):
            await log.append([event(f"e-{number}", "order.shipped" if number % 3 else "order.cancelled")])
        assert log._tail.covers(0) is (tail_events == 50)
        while after < log.head:
            page = await log.read(after, log.head, filter, limit)
            read += [stored.event_id for stored in page.events]
            assert page.through > after
            after = page.through
        return read

    assert await everything(5) == await everything(50) != []


async def test_a_read_below_the_floor_is_refused_with_the_floor() -> None:
    log = await open_log(*map(event, "abcdefghij"), retain_events=4)
    assert log.floor.offset == 6
    with pytest.raises(BelowFloor) as refused:
        await log.read(5, 10, EVERYTHING, 10)
    assert refused.value.floor == log.floor
    assert len((await log.read(6, 10, EVERYTHING, 10)).events) == 4


async def test_a_time_after_everything_is_found_at_the_head() -> None:
    log = await open_log(event("a"))
    assert await log.offset_before(2**62) == 1
    assert await log.offset_before(0) == 0


async def test_waiting_ends_with_the_first_event_that_matches_and_not_before() -> None:
    log = await open_log(event("a"))
    waiting = asyncio.create_task(log.wait(CANCELLED, 30))
    await turns()
    await log.append([event("b"), event("c")])
    await turns()
    assert not waiting.done()
    await log.append([event("d"), event("e", "order.cancelled")])
    assert await waiting == 3  # b and c were examined; what follows is to be read


async def test_a_log_that_is_closed_takes_no_more_events() -> None:
    log = await open_log(event("a"))
    await log.close()
    with pytest.raises(StoreUnavailable):
        await log.append([event("b")])
    assert log.head == 1


async def test_a_duplicate_wakes_no_waiting_reader() -> None:
    log = await open_log(event("a"))
    waiting = asyncio.create_task(log.wait(EVERYTHING, 30))
    await turns()
    await log.append([event("a")])
    await turns()
    assert not waiting.done()
    waiting.cancel()


@in_virtual_time
async def test_waiting_ends_with_the_time_past_everything_that_was_examined() -> None:
    log = await open_log()
    waiting = asyncio.create_task(log.wait(CANCELLED, 30))
    await asyncio.sleep(10)
    await log.append([event("a"), event("b")])
    assert await waiting == 2
    assert now_seconds() == pytest.approx(30)


@in_virtual_time
async def test_an_event_that_comes_just_as_the_time_is_up_is_not_passed_over() -> None:
    log = await open_log(event("a"))
    waiting = asyncio.create_task(log.wait(EVERYTHING, 100e-6))
    await turns()
    [waiter] = log._waiters
    while not waiter.examined.done():
        await turns(1)
    await log.append([event("b")])  # the waiter was released because the time was up; now an event has come
    assert await waiting == 1


def wait_out(_: EventLog, waiting: asyncio.Task[int]) -> object:
    return waiting


def drain(log: EventLog, _: asyncio.Task[int]) -> object:
    log.drain()
    return None


def cancel(_: EventLog, waiting: asyncio.Task[int]) -> object:
    waiting.cancel()
    return None


@in_virtual_time
@pytest.mark.parametrize("end", [wait_out, drain, cancel])
async def test_nothing_is_left_of_a_wait_that_ended(end: Callable[[EventLog, asyncio.Task[int]], object]) -> None:
    log = await open_log()
    waiting = asyncio.create_task(log.wait(SHIPPED, 30))
    await turns()
    end(log, waiting)
    await asyncio.wait([waiting])
    assert (log.listener_count, log._waiters) == (0, {})
    assert waiting.cancelled() or waiting.result() == 0
    await asyncio.sleep(60)  # no timer is left that would find the waiter gone


@in_virtual_time
async def test_draining_ends_every_wait_and_every_later_one() -> None:
    log = await open_log(event("a"))
    waiting = [asyncio.create_task(log.wait(filter, 30)) for filter in (EVERYTHING, SHIPPED, CANCELLED, SHIPPED)]
    await turns()
    log.drain()
    assert [await each for each in waiting] == [1] * 4
    assert await log.wait(SHIPPED, 30) == 1
    assert now_seconds() < 1


async def test_a_wait_that_was_cancelled_does_not_disturb_a_commit() -> None:
    log = await open_log()
    gone, stays = (asyncio.create_task(log.wait(EVERYTHING, 30)) for _ in range(2))
    await turns()
    gone.cancel()
    await log.append([event("a")])
    assert await stays == 0
