from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from app.events.errors import Draining, PositionLost
from app.events.filter import EVERYTHING, Filter
from app.events.log.event_log import EventLog
from app.events.log.read_page import read_page
from app.events.log.start import Start, StartRequest, locate_start
from app.events.position import Gap
from tests.events.logs import CANCELLED, SHIPPED, event, in_virtual_time, now_seconds, open_log, start, turns


async def page(
    log: EventLog, after: int, filter: Filter = EVERYTHING, limit: int = 100, wait_seconds: float = 0
) -> tuple[list[str], int]:
    read = await read_page(log, Start(after), filter, limit, wait_seconds)
    return [stored.event_id for stored in read.events], read.through


async def test_a_page_holds_the_next_events_and_the_id_to_go_on_from() -> None:
    log = await open_log(*map(event, "abcde"))
    assert await page(log, 0, limit=2) == (["a", "b"], 2)
    assert await page(log, 2, limit=2) == (["c", "d"], 4)
    assert await page(log, 4, limit=2) == (["e"], 5)
    assert await page(log, 5, limit=2) == ([], 5)


async def test_a_page_moves_past_events_that_the_filter_skipped() -> None:
    log = await open_log(event("a", "order.cancelled"), *map(event, "bcdef"))
    assert await page(log, 0, CANCELLED) == (["a"], 6)
    assert await page(log, 1, CANCELLED) == ([], 6)


async def test_pages_of_a_filter_hold_everything_that_matches_once() -> None:
    log = await open_log(*(event(f"e-{n}", "order.shipped" if n % 3 else "order.cancelled") for n in range(1000)))
    after, read = 0, list[str]()
    while after < log.head:
        events, after = await page(log, after, CANCELLED, limit=7)
        read += events
    assert read == [f"e-{n}" for n in range(0, 1000, 3)]


@in_virtual_time
async def test_waiting_ends_with_the_first_event_that_matches() -> None:
    log = await open_log(event("a"))
    waiting = asyncio.create_task(page(log, 1, CANCELLED, wait_seconds=30))
    for seconds, event_id, event_type in ((5, "b", "order.shipped"), (7, "c", "order.cancelled")):
        await asyncio.sleep(seconds)
        await log.append([event(event_id, event_type)])
    assert await waiting == (["c"], 3)
    assert now_seconds() == pytest.approx(12)


@in_virtual_time
async def test_a_page_that_is_not_empty_waits_for_nothing() -> None:
    log = await open_log(event("a"))
    assert await page(log, 0, wait_seconds=30) == (["a"], 1)
    assert now_seconds() < 1


@in_virtual_time
async def test_an_empty_page_comes_when_the_time_is_up_and_moves_past_skipped_events() -> None:
    log = await open_log(event("a"))
    waiting = asyncio.create_task(page(log, 0, CANCELLED, wait_seconds=30))
    await asyncio.sleep(29)
    await log.append([event("b")])
    assert await waiting == ([], 2)
    assert now_seconds() == pytest.approx(30)


@in_virtual_time
async def test_no_event_is_passed_over_by_pages_that_end_just_as_events_come() -> None:
    log = await open_log()

    async def publish() -> None:
        for number in range(500):
            await asyncio.sleep(1)
            await turns(number % 7)
            await log.append([event(f"e-{number}")])

    publishing = asyncio.create_task(publish())
    after, read = 0, list[str]()
    while not publishing.done() or after < log.head:
        events, after = await page(log, after, wait_seconds=1 - now_seconds() % 1)
        read += events
    assert read == [f"e-{number}" for number in range(500)]


@in_virtual_time
async def test_draining_ends_the_waiting() -> None:
    log = await open_log(event("a"))
    waiting = asyncio.create_task(page(log, 1, SHIPPED, wait_seconds=30))
    await turns()
    log.drain()
    assert await waiting == ([], 1)
    for after in (0, 1):
        with pytest.raises(Draining):
            await page(log, after, SHIPPED, wait_seconds=30)
    assert now_seconds() < 1


async def test_a_page_after_a_gap_is_refused_with_the_gap() -> None:
    log = await open_log(*map(event, "abcdef"), retain_events=2)
    with pytest.raises(PositionLost, match=r"^The position 'nope' cannot be resumed: it is foreign\.$") as lost:
        await read_page(log, await start(log, "nope"), EVERYTHING, 10, 0)
    assert lost.value.gap == Gap("foreign", "nope", log.position(4))


async def test_a_page_whose_events_are_deleted_meanwhile_is_refused_with_the_gap() -> None:
    log = await open_log(*map(event, "abc"), retain_events=2)
    found = await start(log, str(log.position(1)))
    await log.append([event("d")])
    with pytest.raises(PositionLost) as lost:
        await read_page(log, found, EVERYTHING, 10, 0)
    assert lost.value.gap == Gap("expired", str(log.position(1)), log.position(2))


@pytest.mark.parametrize("origin", ["earliest", "latest"])
async def test_a_page_from_the_earliest_event_begins_with_the_earliest_there_is_by_then(
    origin: Literal["earliest", "latest"],
) -> None:
    log = await open_log(*map(event, "abc"), retain_events=3)
    located = await locate_start(log, StartRequest(origin=origin), EVERYTHING)
    await log.append([*map(event, "defghi")])
    read = await read_page(log, located, EVERYTHING, 100, 0)
    assert [stored.event_id for stored in read.events] == ["g", "h", "i"]
    with pytest.raises(PositionLost):
        await read_page(
            log, await locate_start(log, StartRequest(str(log.position(3))), EVERYTHING), EVERYTHING, 100, 0
        )
