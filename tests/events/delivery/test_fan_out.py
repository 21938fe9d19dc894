from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from app.events.delivery import cursor as cursor_module
from app.events.delivery import fan_out as fan_out_module
from app.events.delivery.fan_out import FanOut
from app.events.delivery.readers import filter_group as group_module
from app.events.delivery.stream_item import HEARTBEAT, Checkpoint, Closing, StreamItem, StreamStart
from app.events.delivery.subscription import Subscription
from app.events.event import Event
from app.events.filter import EVERYTHING, Filter
from app.events.log import tail as tail_module
from app.events.log.event_log import EventLog
from app.events.log.event_store import Page
from app.events.log.start import Start
from app.events.position import Position
from app.stores.memory import MemoryStore
from tests.events.logs import (
    CANCELLED,
    SHIPPED,
    event,
    event_ids,
    in_virtual_time,
    now_seconds,
    open_log,
    turns,
)

HEARTBEAT_SECONDS = 15


class Keeper:
    """A sink that keeps the items that it takes, and their times; it is full once it holds `room` items."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.room = room
        self.steps: list[StreamItem] = []
        self.times: list[float] = []

    def send(self, step: StreamItem) -> bool:
        assert len(self.steps) < self.room, "A full sink was sent an item."
        self.steps.append(step)
        self.times.append(now_seconds())
        return len(self.steps) < self.room

    @property
    def event_ids(self) -> list[str]:
        return event_ids(self.steps)


def follow(
    fan_out: FanOut, log: EventLog, filter: Filter = EVERYTHING, *, sink: Keeper | None = None, limit: int | None = None
) -> tuple[Subscription, Keeper]:
    sink = sink or Keeper()
    subscription = Subscription(log, Start(log.head), filter, follow=True, limit=limit)
    fan_out.open(subscription, sink)
    return subscription, sink


def replay(
    fan_out: FanOut, log: EventLog, sink: Keeper, filter: Filter = EVERYTHING, *, follow: bool = True
) -> Subscription:
    subscription = Subscription(log, Start(0), filter, follow=follow, limit=None)
    fan_out.open(subscription, sink)
    return subscription


async def open_both(*events: Event) -> tuple[EventLog, FanOut]:
    log = await open_log(*events)
    return log, FanOut(log, HEARTBEAT_SECONDS)


async def open_stored(store: MemoryStore, monkeypatch: pytest.MonkeyPatch, count: int = 100) -> tuple[EventLog, FanOut]:
    """Open a log of `count` events with so short a tail in memory that a reader from the beginning reads the store."""
    monkeypatch.setattr(tail_module, "TAIL_EVENTS", 10)
    log = EventLog(store)
    await log.open()
    await log.append([event(f"e-{number}") for number in range(count)])
    return log, FanOut(log, HEARTBEAT_SECONDS)


async def test_events_reach_every_matching_subscription_once_and_in_order() -> None:
    log, fan_out = await open_both()
    everything = [follow(fan_out, log)[1] for _ in range(600)]
    cancelled = [follow(fan_out, log, CANCELLED)[1] for _ in range(600)]
    for number in range(20):
        await log.append([event(f"s-{number}"), event(f"c-{number}", "order.cancelled")])
        await turns(number % 4)
    await turns(100)
    every = [f"{kind}-{number}" for number in range(20) for kind in "sc"]
    assert {tuple(sink.event_ids) for sink in everything} == {tuple(every)}
    assert {tuple(sink.event_ids) for sink in cancelled} == {tuple(every[1::2])}
    assert fan_out.sent.events == 600 * 40 + 600 * 20


async def test_live_subscriptions_with_equal_filters_are_sent_the_same_page_object() -> None:
    log, fan_out = await open_both()
    sinks = [follow(fan_out, log, filter)[1] for filter in (EVERYTHING, Filter(), SHIPPED, SHIPPED)]
    await log.append([event("a")])
    await turns()
    pages = [sink.steps[-1] for sink in sinks]
    assert pages[0] is pages[1]
    assert pages[2] is pages[3]


async def test_commits_that_come_before_a_round_share_it() -> None:
    log, fan_out = await open_both()
    _, sink = follow(fan_out, log)
    for event_id in "abc":
        await log.append([event(event_id)])  # the memory store lets no other task run
    await turns()
    assert [len(step.events) for step in sink.steps if isinstance(step, Page)] == [3]


async def test_a_round_is_bounded_however_much_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_module, "ROUND_EVENTS", 7)

    log, fan_out = await open_both()
    _, sink = follow(fan_out, log)
    await log.append([event(f"e-{number}") for number in range(100)])
    await turns(40)
    assert max(len(step.events) for step in sink.steps if isinstance(step, Page)) == 7
    assert sink.event_ids == [f"e-{number}" for number in range(100)]


async def test_a_turn_of_the_loop_sends_to_so_many_and_leaves_the_rest_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fan_out_module, "SENDS_PER_TURN", 10)

    log, fan_out = await open_both()
    sinks = [follow(fan_out, log)[1] for _ in range(95)]
    await log.append([event("a")])
    reached: list[int] = []
    while not reached or reached[-1] < 95:
        reached.append(sum(sink.event_ids == ["a"] for sink in sinks))
        await turns(1)
    assert max(later - earlier for earlier, later in pairwise(reached)) == 10


async def test_a_subscription_opened_in_the_middle_of_a_round_gets_every_later_event_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fan_out_module, "SENDS_PER_TURN", 1)

    log, fan_out = await open_both()
    first = [follow(fan_out, log)[1] for _ in range(10)]
    later: list[tuple[int, Keeper]] = []
    for number in range(30):
        await log.append([event(f"e-{number}")])
        later.append((number + 1, follow(fan_out, log)[1]))
        await turns(number % 3)
    await turns(500)
    every = [f"e-{number}" for number in range(30)]
    assert all(sink.event_ids == every for sink in first)
    assert all(sink.event_ids == every[start:] for start, sink in later)


async def test_equal_filters_of_live_subscriptions_are_one_object() -> None:
    log, fan_out = await open_both()
    first, second = (follow(fan_out, log, Filter(frozenset({"order.shipped"})))[0] for _ in range(2))
    assert first.filter is second.filter


async def test_a_full_sink_is_sent_nothing_and_delays_no_other_and_then_gets_everything() -> None:
    log, fan_out = await open_both()
    slow, full = follow(fan_out, log, sink=Keeper(room=3))
    _, quick = follow(fan_out, log)
    every = [f"e-{number}" for number in range(1000)]
    for event_id in every:
        await log.append([event(event_id)])
        await turns(2)
    assert quick.event_ids == every
    assert full.event_ids == every[:2]
    assert (slow.lag_events, fan_out.lag_events()) == (998, 998)
    full.room = 1_000_000
    fan_out.resume(slow)
    await turns(40)
    assert full.event_ids == every
    assert fan_out.lag_events() == 0


async def test_a_reader_that_is_paused_is_sent_nothing_until_it_is_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cursor_module, "PAGE_EVENTS", 10)
    log, fan_out = await open_both()
    every = [f"e-{number}" for number in range(100)]
    for event_id in every:
        await log.append([event(event_id)])
    sink = Keeper()
    subscription = Subscription(log, Start(0), EVERYTHING, follow=True, limit=None)
    fan_out.open(subscription, sink)
    for _ in range(3):
        await turns(2)
        fan_out.pause(subscription)
        before = len(sink.event_ids)
        await turns(10)
        assert 0 < len(sink.event_ids) == before < len(every)
        fan_out.resume(subscription)
    await turns(20)
    assert sink.event_ids == every
    fan_out.pause(subscription)  # it is live: it goes on until its sink is full
    await log.append([event("next")])
    await turns()
    assert sink.event_ids == [*every, "next"]


@in_virtual_time
async def test_a_sink_that_a_heartbeat_filled_is_sent_nothing_until_it_takes_more() -> None:
    log, fan_out = await open_both()
    clock = asyncio.create_task(fan_out.run())
    slow, full = follow(fan_out, log, sink=Keeper(room=2))
    await asyncio.sleep(HEARTBEAT_SECONDS)
    await log.append([event("a")])
    await turns()
    assert full.steps[1:] == [HEARTBEAT]
    full.room = 10
    fan_out.resume(slow)
    await turns()
    assert full.event_ids == ["a"]
    clock.cancel()


async def test_a_group_that_is_always_busy_does_not_keep_another_from_its_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fan_out_module, "SENDS_PER_TURN", 2)

    log, fan_out = await open_both()
    for _ in range(10):
        follow(fan_out, log, SHIPPED)
    _, other = follow(fan_out, log, CANCELLED)
    await log.append([event("s"), event("c", "order.cancelled")])
    for number in range(100):
        await log.append([event(f"s-{number}")])
        await turns(1)
    assert other.event_ids == ["c"]


async def test_resuming_a_sink_that_is_not_full_sends_nothing_twice() -> None:
    log, fan_out = await open_both()
    subscription, sink = follow(fan_out, log)
    for event_id in "abc":
        await log.append([event(event_id)])
        fan_out.resume(subscription)
        await turns()
    assert sink.event_ids == ["a", "b", "c"]


async def test_a_group_that_publishers_outrun_reads_the_log_instead_of_growing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_module, "WAITING_EVENTS", 50)
    monkeypatch.setattr(tail_module, "TAIL_EVENTS", 20)

    log, fan_out = await open_both()
    sinks = [follow(fan_out, log)[1] for _ in range(20)]
    every = [f"e-{number}" for number in range(500)]
    for event_id in every:
        await log.append([event(event_id)])
    await turns(200)
    assert {tuple(sink.event_ids) for sink in sinks} == {tuple(every)}


async def test_a_limit_holds_if_a_round_has_more_events() -> None:
    log, fan_out = await open_both()
    _, limited = follow(fan_out, log, limit=3)
    _, other = follow(fan_out, log)
    await log.append([event("a"), event("b")])
    await turns()
    await log.append([event("c"), event("d")])
    await turns()
    assert limited.event_ids == ["a", "b", "c"]
    assert limited.steps[-1] == Closing("limit")
    assert other.event_ids == ["a", "b", "c", "d"]
    assert len(fan_out) == 1


async def test_a_stream_that_has_reached_its_limit_closes_with_limit_during_a_drain() -> None:
    log, fan_out = await open_both()
    slow, full = follow(fan_out, log, sink=Keeper(room=2), limit=1)
    await log.append([event("a")])
    await turns()
    fan_out.drain()
    full.room = 10
    fan_out.resume(slow)
    await fan_out.ended()
    assert full.event_ids == ["a"]
    assert full.steps[-1] == Closing("limit")


async def test_nothing_is_left_of_a_reader_that_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fan_out_module, "SENDS_PER_TURN", 3)

    log, fan_out = await open_both()
    readers = [follow(fan_out, log, filter) for filter in (EVERYTHING, SHIPPED, CANCELLED) for _ in range(5)]
    await log.append([event("a")])
    await turns(1)  # some have it, others wait for their turn
    for subscription, _ in readers:
        fan_out.leave(subscription)
        fan_out.leave(subscription)
    taken = [len(sink.steps) for _, sink in readers]
    await log.append([event("b")])
    await turns(20)
    assert [len(sink.steps) for _, sink in readers] == taken
    assert (len(fan_out), log.listener_count, len(fan_out._live)) == (0, 0, 0)


class Broken(MemoryStore):
    """A store with an unexpected fault."""

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        raise ZeroDivisionError(f"{limit} events of {filter} after {after} through {through}")


async def test_a_fault_of_the_store_ends_the_stream_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log, fan_out = await open_stored(Broken(), monkeypatch)
    sink = Keeper()
    replay(fan_out, log, sink)
    await fan_out.ended()
    assert sink.steps[-1] == Closing("unavailable")
    assert "ZeroDivisionError" in caplog.text


class Counting(MemoryStore):
    """A store that counts its reads, each of which takes a turn."""

    reads = 0

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        self.reads += 1
        await turns(1)
        return await super().read(after, through, filter, limit)


async def test_a_reader_that_leaves_while_it_waits_for_the_store_costs_no_read(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Counting()
    log, fan_out = await open_stored(store, monkeypatch)
    for _ in range(3):
        impatient = [replay(fan_out, log, Keeper()) for _ in range(50)]
        for subscription in impatient:
            fan_out.leave(subscription)
    sink = Keeper()
    replay(fan_out, log, sink, follow=False)
    await fan_out.ended()
    assert len(sink.event_ids) == 100
    assert store.reads == 1


async def test_events_read_for_a_reader_that_left_meanwhile_do_not_count_as_delivered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Counting()
    log, fan_out = await open_stored(store, monkeypatch)
    subscription = replay(fan_out, log, Keeper())
    while store.reads == 0:
        await turns(1)
    fan_out.leave(subscription)
    await turns()
    assert (fan_out.sent.events, store.reads) == (0, 1)


async def test_readers_that_replay_take_turns_with_live_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "TAIL_EVENTS", 10)

    log, fan_out = await open_both()
    await log.append([event(f"old-{number}") for number in range(20_000)])
    _, live = follow(fan_out, log)
    replaying = [Keeper() for _ in range(50)]
    for sink in replaying:
        replay(fan_out, log, sink)
    await turns(5)
    await log.append([event("new")])
    await turns(2)
    assert live.event_ids == ["new"]
    assert sum(len(sink.event_ids) for sink in replaying) < 50 * 20_000


# Signs of life


async def beating(fan_out: FanOut, log: EventLog, until_seconds: float) -> Keeper:
    """Follow with a filter on cancelled orders while the clock runs; return the items that were sent, and their times."""
    clock = asyncio.create_task(fan_out.run())
    _, sink = follow(fan_out, log, CANCELLED)
    await asyncio.sleep(until_seconds)
    clock.cancel()
    await asyncio.wait([clock])
    assert sink.steps.pop(0) == StreamStart(Checkpoint(log.position(0)))
    assert sink.times.pop(0) == pytest.approx(0, abs=1e-3)
    return sink


@in_virtual_time
async def test_a_silent_stream_never_waits_longer_than_promised_for_a_sign_of_life() -> None:
    log = await open_log()
    sent = await beating(FanOut(log, HEARTBEAT_SECONDS), log, until_seconds=600)
    silences = [later - earlier for earlier, later in pairwise([0.0, *sent.times])]
    assert set(sent.steps) == {HEARTBEAT}
    assert max(silences) <= HEARTBEAT_SECONDS - 1  # a second is left for a busy loop
    assert min(silences) >= HEARTBEAT_SECONDS - 3


async def publish_every(log: EventLog, seconds: float, event_type: str, count: int) -> None:
    for number in range(count):
        await asyncio.sleep(seconds)
        await log.append([event(f"e-{number}", event_type)])


@in_virtual_time
async def test_a_stream_that_sends_often_is_left_alone() -> None:
    log = await open_log()
    publishing = asyncio.create_task(publish_every(log, 5, "order.cancelled", 100))
    sent = await beating(FanOut(log, HEARTBEAT_SECONDS), log, until_seconds=499)
    publishing.cancel()
    assert sent.event_ids == [f"e-{number}" for number in range(99)]
    assert len(sent.steps) == 99


@in_virtual_time
async def test_a_stream_whose_filter_matches_nothing_moves_forward() -> None:
    log = await open_log()
    publishing = asyncio.create_task(publish_every(log, 1, "order.shipped", 600))
    sent = await beating(FanOut(log, HEARTBEAT_SECONDS), log, until_seconds=600)
    await publishing
    checkpoints = [
        (seconds, step.position.offset)
        for seconds, step in zip(sent.times, sent.steps, strict=True)
        if isinstance(step, Checkpoint) and isinstance(step.position, Position)
    ]
    assert len(checkpoints) == len(sent.steps) >= 600 // HEARTBEAT_SECONDS
    assert all(offset >= seconds - 2 for seconds, offset in checkpoints)


@in_virtual_time
@pytest.mark.parametrize("room", [2, 1_000_000])
async def test_a_stream_that_was_sent_everything_is_sent_heartbeats_and_no_checkpoints(room: int) -> None:
    log, fan_out = await open_both()
    clock = asyncio.create_task(fan_out.run())
    slow, sink = follow(fan_out, log, sink=Keeper(room))
    await log.append([event("a")])
    await turns()
    sink.room = 1_000_000
    fan_out.resume(slow)
    await asyncio.sleep(3 * HEARTBEAT_SECONDS)
    assert len(sink.steps) > 3
    assert set(sink.steps[2:]) == {HEARTBEAT}
    clock.cancel()


async def test_no_sign_of_life_is_sent_before_an_event_that_waits_for_its_round() -> None:
    log, fan_out = await open_both()
    readers = [follow(fan_out, log, filter) for filter in (EVERYTHING, SHIPPED)]
    await log.append([event("a")])
    for subscription, _ in readers:
        fan_out._heartbeat(subscription)  # its checkpoint would be the place of an event that has not been sent
    await turns()
    for _, sink in readers:
        assert [type(step) for step in sink.steps] == [StreamStart, Page]


class Searching(MemoryStore):
    """A store that takes seconds to examine a few events, and finds nothing."""

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:  # noqa: ARG002
        await asyncio.sleep(4)
        return Page((), min(after + 10, through))


@in_virtual_time
async def test_a_long_search_in_the_store_does_not_keep_a_stream_from_its_signs_of_life(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, fan_out = await open_stored(Searching(), monkeypatch, 500)
    clock = asyncio.create_task(fan_out.run())
    sink = Keeper()
    replay(fan_out, log, sink, CANCELLED)
    await asyncio.sleep(150)
    assert all(isinstance(step, Checkpoint) for step in sink.steps[1:])
    assert max(later - earlier for earlier, later in pairwise([*sink.times, now_seconds()])) < HEARTBEAT_SECONDS
    clock.cancel()


class Stalled(MemoryStore):
    """A store on a disk that takes a minute for each read."""

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        await asyncio.sleep(60)
        return await super().read(after, through, filter, limit)


@in_virtual_time
async def test_a_read_of_the_store_that_stalls_does_not_keep_a_stream_from_its_heartbeats(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, fan_out = await open_stored(Stalled(), monkeypatch)
    clock = asyncio.create_task(fan_out.run())
    sink = Keeper()
    replay(fan_out, log, sink, follow=False)
    await fan_out.ended()
    assert max(later - earlier for earlier, later in pairwise(sink.times)) < HEARTBEAT_SECONDS
    assert (len(sink.event_ids), sink.steps[-1]) == (100, Closing("end"))
    clock.cancel()


@in_virtual_time
@pytest.mark.parametrize("resumed_at", [50, 90])
async def test_a_sink_that_a_heartbeat_fills_during_a_read_is_sent_the_events_once_it_is_resumed(
    resumed_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, fan_out = await open_stored(Stalled(), monkeypatch)
    clock = asyncio.create_task(fan_out.run())
    full = Keeper(room=2)
    slow = replay(fan_out, log, full, follow=False)
    await asyncio.sleep(resumed_at)  # in the middle of the read, or after it
    assert full.steps[1:] == [HEARTBEAT]
    full.room = 100
    fan_out.resume(slow)
    fan_out.resume(slow)
    await fan_out.ended()
    assert (len(full.event_ids), full.steps[-1]) == (100, Closing("end"))
    clock.cancel()


@in_virtual_time
async def test_a_reader_that_leaves_while_a_heartbeat_fills_its_sink_during_a_read_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, fan_out = await open_stored(Stalled(), monkeypatch)
    clock = asyncio.create_task(fan_out.run())
    full = Keeper(room=2)
    slow = replay(fan_out, log, full)
    await asyncio.sleep(50)
    fan_out.leave(slow)
    await fan_out.ended()
    await asyncio.sleep(50)
    assert full.steps[1:] == [HEARTBEAT]
    clock.cancel()


class Slow(MemoryStore):
    """A store that takes a second for each read."""

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        await asyncio.sleep(1)
        return await super().read(after, through, filter, limit)


def filter_of_its_own(number: int) -> Filter:
    """Return a filter that no other reader has, so that it shares no read; it matches the events e-0 to e-99."""
    return Filter(order_ids=frozenset({f"or_none-{number}", *(f"or_e-{each}" for each in range(100))}))


@in_virtual_time
async def test_a_reader_that_waits_behind_a_crowd_for_the_store_is_sent_heartbeats(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, fan_out = await open_stored(Slow(), monkeypatch)
    clock = asyncio.create_task(fan_out.run())
    sinks = [Keeper() for _ in range(1000)]
    for number, sink in enumerate(sinks):
        replay(fan_out, log, sink, filter_of_its_own(number), follow=False)
    await fan_out.ended()
    assert now_seconds() >= 1000 / 4  # four reads at once, one for each reader
    for sink in sinks:
        assert max(later - earlier for earlier, later in pairwise(sink.times)) < HEARTBEAT_SECONDS
        assert (len(sink.event_ids), sink.steps[-1]) == (100, Closing("end"))
    clock.cancel()


@in_virtual_time
async def test_a_reader_whose_sink_a_heartbeat_fills_while_it_waits_for_the_store_costs_no_read_until_it_is_resumed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, fan_out = await open_stored(Slow(), monkeypatch)
    clock = asyncio.create_task(fan_out.run())
    before = [Keeper() for _ in range(100)]
    for number, sink in enumerate(before):
        replay(fan_out, log, sink, filter_of_its_own(number), follow=False)
    full = Keeper(room=2)
    slow = replay(fan_out, log, full, follow=False)
    await asyncio.sleep(100)
    assert full.steps[1:] == [HEARTBEAT]
    assert len(fan_out) == 1
    full.room = 10
    fan_out.resume(slow)
    await fan_out.ended()
    assert (len(full.event_ids), full.steps[-1]) == (100, Closing("end"))
    clock.cancel()


@in_virtual_time
async def test_a_drain_reaches_a_reader_during_a_read_of_the_store_that_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    log, fan_out = await open_stored(Stalled(), monkeypatch)
    sinks = [Keeper(), Keeper()]
    for number, sink in enumerate(sinks):
        replay(fan_out, log, sink, filter_of_its_own(number))
    await asyncio.sleep(1)
    fan_out.drain()
    await fan_out.ended()
    assert now_seconds() < 2
    assert [sink.steps[1:] for sink in sinks] == [[Closing("drain")]] * 2
    await asyncio.sleep(120)  # until the reads end, which nobody waits for
    assert [len(sink.steps) for sink in sinks] == [2, 2]


@in_virtual_time
async def test_a_drain_reaches_a_reader_whose_sink_is_resumed_during_a_read(monkeypatch: pytest.MonkeyPatch) -> None:
    log, fan_out = await open_stored(Stalled(), monkeypatch)
    clock = asyncio.create_task(fan_out.run())
    full = Keeper(room=2)
    slow = replay(fan_out, log, full)
    await asyncio.sleep(20)
    fan_out.drain()
    full.room = 10
    fan_out.resume(slow)
    await fan_out.ended()
    assert now_seconds() < 21
    assert full.steps[1:] == [HEARTBEAT, Closing("drain")]
    clock.cancel()


async def test_a_drain_reaches_a_reader_that_waits_for_the_store_without_a_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Counting()
    log, fan_out = await open_stored(store, monkeypatch)
    sinks = [Keeper() for _ in range(500)]
    for sink in sinks:
        replay(fan_out, log, sink)
    fan_out.drain()
    await fan_out.ended()
    assert {sink.steps[-1] for sink in sinks} == {Closing("drain")}
    assert store.reads <= 4


@in_virtual_time
@pytest.mark.parametrize("heartbeat_seconds", [1, 15, 60])
async def test_every_subscription_is_sent_heartbeats_whenever_it_was_opened(heartbeat_seconds: int) -> None:
    log = await open_log()
    fan_out = FanOut(log, heartbeat_seconds)
    clock = asyncio.create_task(fan_out.run())
    sinks = []
    for _ in range(500):
        sinks.append(follow(fan_out, log)[1])
        await asyncio.sleep(heartbeat_seconds / 400)
    await asyncio.sleep(3 * heartbeat_seconds)
    clock.cancel()
    await asyncio.wait([clock])
    for sink in sinks:
        assert len(sink.steps) >= 4
        assert max(later - earlier for earlier, later in pairwise(sink.times)) < heartbeat_seconds


@in_virtual_time
async def test_the_clock_looks_at_no_reader_of_a_group_that_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = 0

    def last_sent_at(_: Subscription) -> float:
        nonlocal looked_at
        looked_at += 1
        return 0.0

    log = await open_log()
    fan_out = FanOut(log, HEARTBEAT_SECONDS)
    for _ in range(100):
        follow(fan_out, log)
    await turns(20)
    clock = asyncio.create_task(fan_out.run())
    monkeypatch.setattr(Subscription, "last_sent_at", property(last_sent_at))
    for number in range(2 * HEARTBEAT_SECONDS):
        await log.append([event(f"busy-{number}")])
        await asyncio.sleep(1)
    assert looked_at == 0
    clock.cancel()


@in_virtual_time
async def test_a_busy_crowd_does_not_keep_a_silent_stream_from_its_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fan_out_module, "SENDS_PER_TURN", 2)

    log = await open_log()
    fan_out = FanOut(log, heartbeat_seconds=0.01)
    for _ in range(50):
        follow(fan_out, log, SHIPPED)
    publishing = asyncio.create_task(publish_every(log, 10e-6, "order.shipped", 100_000_000))
    clock = asyncio.create_task(fan_out.run())
    _, silent = follow(fan_out, log, CANCELLED)
    while len(silent.steps) < 3:
        await turns(10)
    assert max(later - earlier for earlier, later in pairwise(silent.times)) < 0.01
    for task in (publishing, clock):
        task.cancel()
    await asyncio.wait([publishing, clock])


# The whole


async def test_the_lag_is_that_of_the_slowest_subscription() -> None:
    log, fan_out = await open_both(*map(event, "abcdef"))
    assert fan_out.lag_events() == 0
    readers = [Subscription(log, Start(after), EVERYTHING, follow=True, limit=None) for after in (5, 2)]
    for subscription in readers:
        fan_out.open(subscription, Keeper(room=1))
    assert (len(fan_out), fan_out.lag_events()) == (2, 4)
    for subscription in readers:
        fan_out.leave(subscription)
    assert (len(fan_out), fan_out.lag_events()) == (0, 0)


async def test_ended_returns_when_the_last_subscription_is_gone() -> None:
    log, fan_out = await open_both()
    await fan_out.ended()
    readers = [follow(fan_out, log)[0] for _ in range(2)]
    ending = asyncio.create_task(fan_out.ended())
    for subscription in readers:
        await turns()
        assert not ending.done()
        fan_out.leave(subscription)
    await ending


async def test_a_drain_closes_every_subscription_or_once_it_is_resumed_if_its_sink_is_full() -> None:
    log, fan_out = await open_both(*map(event, "abc"))
    sinks = [follow(fan_out, log, filter)[1] for filter in (EVERYTHING, SHIPPED, CANCELLED)]
    slow, full = follow(fan_out, log, sink=Keeper(room=1))
    fan_out.drain()
    late = follow(fan_out, log)[1]
    await turns()
    assert [sink.steps[-1] for sink in [*sinks, late]] == [Closing("drain")] * 4
    assert len(fan_out) == 1
    full.room = 10
    fan_out.resume(slow)
    await fan_out.ended()
    assert full.steps[-1] == Closing("drain")
    assert +fan_out.sent.closings == {"drain": 5}
