from __future__ import annotations

import asyncio

import pytest

from app.events.delivery import cursor as cursor_module
from app.events.delivery.sink import NOWHERE
from app.events.delivery.stream_item import HEARTBEAT, Checkpoint, Closing, StreamItem, StreamStart
from app.events.errors import StoreUnavailable
from app.events.filter import EVERYTHING, Filter
from app.events.log import tail as tail_module
from app.events.log.event_log import EventLog
from app.events.log.event_store import Page
from app.events.log.start import Start
from app.events.position import Gap
from app.stores.memory import MemoryStore
from tests.events.logs import (
    CANCELLED,
    SHIPPED,
    Reader,
    event,
    event_ids,
    fan_out_of,
    open_log,
    start,
    steps_to_the_end,
    subscribe,
    turns,
)

NOTHING = Filter(event_types=frozenset())


async def waiting(reader: Reader) -> asyncio.Task[StreamItem]:
    task = asyncio.create_task(reader.advance())
    await turns()
    assert not task.done()
    return task


async def test_a_stream_opens_with_the_position_from_which_it_goes_on() -> None:
    log = await open_log(*map(event, "abc"))
    assert subscribe(log, Start(2)).subscription.open(NOWHERE) == StreamStart(Checkpoint(log.position(2)))


async def test_a_stream_opens_with_the_gap_if_continuity_was_lost() -> None:
    log = await open_log(*map(event, "abcd"), retain_events=3)
    reader = subscribe(log, await start(log, "nope"), follow=False)
    assert event_ids(await steps_to_the_end(reader)) == ["b", "c", "d"]
    assert reader.start == StreamStart(Gap("foreign", "nope", log.position(1)))


async def test_history_comes_in_pages_and_then_events_as_they_are_appended() -> None:
    log = await open_log(*(event(f"e-{number}") for number in range(600)))
    reader = subscribe(log, Start(0))
    steps = [await reader.advance() for _ in range(3)]
    assert [len(step.events) for step in steps if isinstance(step, Page)] == [256, 256, 88]
    task = await waiting(reader)
    await log.append([event("new-1"), event("new-2")])
    steps += [await task]
    await log.append([event("new-3")])
    steps += [await reader.advance()]
    expected = [*(f"e-{number}" for number in range(600)), "new-1", "new-2", "new-3"]
    assert event_ids(steps) == expected


async def test_a_slow_reader_gets_everything_that_piled_up_in_one_page() -> None:
    log = await open_log()
    reader = subscribe(log, Start(0))
    for event_id in "abc":
        await log.append([event(event_id)])
    assert event_ids([await reader.advance()]) == ["a", "b", "c"]


async def test_readers_with_equal_filters_are_sent_the_same_page_object() -> None:
    log = await open_log()
    filter = [EVERYTHING, Filter(), SHIPPED, SHIPPED, Filter(frozenset({"order.shipped"}))]
    tasks = [await waiting(subscribe(log, Start(0), each)) for each in filter]
    await log.append([event("a")])
    pages = [await task for task in tasks]
    assert pages[0] is pages[1]
    assert pages[2] is pages[3] is pages[4]
    assert pages[0] is not pages[2]


async def test_a_reader_is_sent_events_that_match_its_filter_and_not_woken_by_others() -> None:
    log = await open_log(event("a"), event("b", "order.cancelled"))
    reader = subscribe(log, Start(0), CANCELLED)
    assert event_ids([await reader.advance()]) == ["b"]
    task = await waiting(reader)
    await log.append([event("c")])
    await turns()
    assert not task.done()
    await log.append([event("d"), event("e", "order.cancelled")])
    assert event_ids([await task]) == ["e"]


@pytest.mark.parametrize("limit", [1, 3, 256, 257, 300])
async def test_a_limit_ends_the_stream_after_so_many_events(limit: int) -> None:
    log = await open_log(*(event(f"e-{number}") for number in range(300)))
    steps = await steps_to_the_end(subscribe(log, Start(0), limit=limit))
    assert event_ids(steps) == [f"e-{number}" for number in range(limit)]
    assert steps[-1] == Closing("limit")


async def test_a_limit_counts_events_that_match_and_live_ones_too() -> None:
    log = await open_log(event("a"), event("b", "order.cancelled"), event("c"))
    ending = asyncio.create_task(steps_to_the_end(subscribe(log, Start(0), SHIPPED, limit=3)))
    await turns()
    await log.append([event("d", "order.cancelled"), event("e"), event("f")])
    steps = await ending
    assert (event_ids(steps), steps[-1]) == (["a", "c", "e"], Closing("limit"))


async def test_without_following_a_stream_ends_at_the_head_as_of_the_request() -> None:
    log = await open_log(*map(event, "abc"))
    reader = subscribe(log, Start(0), follow=False)
    await log.append([event("d")])
    steps = await steps_to_the_end(reader)
    assert (event_ids(steps), steps[1:]) == (["a", "b", "c"], [Closing("end")])


async def test_a_stream_that_does_not_follow_is_empty_if_nothing_is_left() -> None:
    log = await open_log(*map(event, "abc"))
    assert subscribe(log, Start(3), follow=False).subscription.is_empty
    assert not subscribe(log, Start(2), NOTHING, follow=False).subscription.is_empty  # the filter plays no part
    assert not subscribe(log, Start(3)).subscription.is_empty
    assert await steps_to_the_end(subscribe(log, Start(3), follow=False)) == [Closing("end")]
    empty = await open_log()
    assert subscribe(empty, Start(0), follow=False).subscription.is_empty


async def test_a_checkpoint_at_the_head_comes_before_the_end_if_the_filter_skipped_the_last_events() -> None:
    log = await open_log(event("a", "order.cancelled"), event("b"))
    steps = await steps_to_the_end(subscribe(log, Start(0), CANCELLED, follow=False))
    assert event_ids(steps) == ["a"]
    assert steps[1:] == [Checkpoint(log.position(2)), Closing("end")]
    nothing = await steps_to_the_end(subscribe(log, Start(0), NOTHING, follow=False))
    assert nothing == [Checkpoint(log.position(2)), Closing("end")]
    all_of_it = await steps_to_the_end(subscribe(log, Start(0), follow=False))
    assert all_of_it[1:] == [Closing("end")]


async def test_a_limit_that_is_reached_at_the_end_is_the_reason_of_the_closing() -> None:
    log = await open_log(*map(event, "ab"))
    assert (await steps_to_the_end(subscribe(log, Start(0), follow=False, limit=2)))[-1] == Closing("limit")
    assert (await steps_to_the_end(subscribe(log, Start(0), follow=False, limit=3)))[-1] == Closing("end")


async def test_draining_ends_every_stream_at_once() -> None:
    log = await open_log(*map(event, "abc"))
    filter = [EVERYTHING, SHIPPED, CANCELLED, NOTHING]
    tasks = [await waiting(subscribe(log, Start(3), each)) for each in filter]
    replaying = subscribe(log, Start(0))
    fan_out_of(log).drain()
    assert [await task for task in tasks] == [Closing("drain")] * 4
    assert await replaying.advance() == Closing("drain")
    assert await subscribe(log, Start(0), follow=False).advance() == Closing("drain")
    assert log.listener_count == 0


async def test_a_silent_stream_is_sent_a_heartbeat_if_nothing_was_skipped() -> None:
    log = await open_log(event("a"))
    reader = subscribe(log, Start(1))
    task = await waiting(reader)
    reader.be_silent()
    assert await task == HEARTBEAT
    assert (await waiting(reader)).cancel()  # one silence, one heartbeat


async def test_a_silent_stream_is_sent_a_checkpoint_if_events_were_skipped() -> None:
    log = await open_log()
    reader = subscribe(log, Start(0), CANCELLED)
    task = await waiting(reader)
    await log.append([event("a"), event("b")])
    reader.be_silent()
    assert await task == Checkpoint(log.position(2))
    task = await waiting(reader)
    reader.be_silent()
    assert await task == HEARTBEAT  # the reader has its position now
    await log.append([event("c", "order.cancelled")])
    assert event_ids([await reader.advance()]) == ["c"]


async def test_events_skipped_after_the_last_match_of_a_page_lead_to_a_checkpoint() -> None:
    log = await open_log(event("a", "order.cancelled"), event("b"))
    reader = subscribe(log, Start(0), CANCELLED)
    assert event_ids([await reader.advance()]) == ["a"]
    task = await waiting(reader)
    reader.be_silent()
    assert await task == Checkpoint(log.position(2))


async def test_events_that_are_due_are_sent_instead_of_a_heartbeat() -> None:
    log = await open_log(event("a"))
    reader = subscribe(log, Start(0))
    reader.be_silent()
    assert event_ids([await reader.advance()]) == ["a"]
    (await waiting(reader)).cancel()


async def test_an_event_that_is_stored_as_a_heartbeat_is_sent_is_not_passed_over() -> None:
    log = await open_log()
    reader = subscribe(log, Start(0))
    task = await waiting(reader)
    reader.be_silent()  # sends the heartbeat; the reader's task gets its turn only after the event
    await log.append([event("a")])
    assert await task == HEARTBEAT
    assert event_ids([await reader.advance()]) == ["a"]


async def test_a_long_search_that_finds_nothing_sends_a_checkpoint_when_a_heartbeat_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tail_module, "TAIL_EVENTS", 10)
    monkeypatch.setattr("app.stores.memory.EXAMINED_PER_READ", 100)

    log = await open_log()
    for number in range(1000):
        await log.append([event(f"e-{number}")])
    reader = subscribe(log, Start(0), NOTHING)
    for _ in range(2):
        before = reader.subscription.after
        step = asyncio.create_task(reader.advance())
        while reader.subscription.after == before:
            await turns(1)
        reader.be_silent()
        assert await step == Checkpoint(log.position(reader.subscription.after))
        assert before < reader.subscription.after < 1000


async def test_a_long_search_lets_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "TAIL_EVENTS", 10)
    monkeypatch.setattr("app.stores.memory.EXAMINED_PER_READ", 10)

    log = await open_log()
    for number in range(1000):
        await log.append([event(f"e-{number}")])
    reader = subscribe(log, Start(0), NOTHING)
    searching = asyncio.create_task(reader.advance())
    await turns(20)
    assert 0 < reader.subscription.after < 500
    searching.cancel()


async def test_deletion_under_a_reader_is_a_gap_and_the_stream_goes_on_behind_it() -> None:
    log = await open_log(*map(event, "abcd"), retain_events=4)
    reader = subscribe(log, Start(0), limit=2)
    await log.append(list(map(event, "efg")))  # deletes a, b and c
    gap = await reader.advance()
    assert gap == Gap("expired", str(log.position(0)), log.position(3))
    assert event_ids(await steps_to_the_end(reader)) == ["d", "e"]
    again = subscribe(log, await start(log, str(gap.earliest)), follow=False)
    assert event_ids(await steps_to_the_end(again)) == ["d", "e", "f", "g"]


async def test_deletion_of_events_that_a_waiting_reader_had_examined_is_not_a_gap() -> None:
    log = await open_log(*map(event, "ab"), retain_events=2)
    reader = subscribe(log, Start(2), CANCELLED)
    task = await waiting(reader)
    await log.append(list(map(event, "cdefgh")))
    await log.append([event("i", "order.cancelled")])
    assert event_ids([await task]) == ["i"]


async def test_deletion_of_everything_up_to_a_fixed_end_is_a_gap_and_then_the_end() -> None:
    log = await open_log(*map(event, "abc"), retain_events=3)
    reader = subscribe(log, Start(0), follow=False)
    await log.append(list(map(event, "defgh")))
    steps = await steps_to_the_end(reader)
    assert steps == [Gap("expired", str(log.position(0)), log.position(5)), Closing("end")]


class Unreadable(MemoryStore):
    """A store that cannot be read; only the tail can."""

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        raise StoreUnavailable(f"Cannot read {limit} events of {filter} after {after} through {through}.")


async def test_a_log_that_cannot_be_read_closes_the_stream_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "TAIL_EVENTS", 10)

    log = EventLog(Unreadable())
    await log.open()
    await log.append([event(f"e-{number}") for number in range(100)])
    behind, live = subscribe(log, Start(50)), subscribe(log, Start(95))
    assert await behind.advance() == Closing("unavailable")
    assert behind.subscription.after == 50
    assert event_ids([await live.advance()]) == [f"e-{number}" for number in range(95, 100)]


async def test_a_gap_is_reported_even_while_the_log_cannot_be_read() -> None:
    log = EventLog(Unreadable(retain_events=2))
    await log.open()
    for event_id in "abcd":
        await log.append([event(event_id)])
    reader = subscribe(log, Start(1))
    assert await reader.advance() == Gap("expired", str(log.position(1)), log.position(2))
    assert event_ids([await reader.advance()]) == ["c", "d"]


async def test_a_reader_that_leaves_while_it_waits_leaves_nothing_behind() -> None:
    log = await open_log(event("a"))
    reader = subscribe(log, Start(1))
    task = await waiting(reader)
    assert (len(fan_out_of(log)), log.listener_count) == (1, 1)
    reader.leave()
    assert (len(fan_out_of(log)), log.listener_count) == (0, 0)
    await log.append([event("b")])
    await turns()
    assert not task.done()
    task.cancel()


async def test_lag_is_the_distance_to_the_head_and_none_while_waiting() -> None:
    log = await open_log(*(event(f"e-{number}") for number in range(300)))
    reader = subscribe(log, Start(0), SHIPPED)
    assert reader.subscription.lag_events == 300
    await reader.advance()
    assert reader.subscription.lag_events == 44
    await reader.advance()
    task = await waiting(reader)
    await log.append([event("skipped", "order.cancelled")])
    assert reader.subscription.lag_events == 0
    task.cancel()


async def test_one_page_size_bounds_the_memory_of_a_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cursor_module, "PAGE_EVENTS", 7)

    log = await open_log(*(event(f"e-{number}") for number in range(100)))
    steps = await steps_to_the_end(subscribe(log, Start(0), follow=False))
    assert max(len(step.events) for step in steps if isinstance(step, Page)) == 7
    assert event_ids(steps) == [f"e-{number}" for number in range(100)]


async def test_order_ids_are_followed_live() -> None:
    log = await open_log()
    reader = subscribe(log, Start(0), Filter(order_ids=frozenset({"or_b", "or_d"})))
    task = await waiting(reader)
    await log.append([event("a"), event("b")._replace(event_type="order.cancelled"), event("c"), event("d")])
    assert event_ids([await task]) == ["b", "d"]


async def test_a_reader_beyond_the_head_that_the_log_knows_is_not_set_back() -> None:
    # A store may report a deletion before the log is called with the commit that made it.
    log = await open_log(*map(event, "abcde"))
    reader = subscribe(log, Start(5))
    waiting = asyncio.create_task(reader.advance())
    await asyncio.sleep(0)
    reader.subscription._cursor.skip_to(7)
    reader.be_silent()
    assert await waiting == Checkpoint(log.position(7))
    assert reader.subscription.after == 7
