"""Streams end by the time: when their lease does, when it is taken back, and when they are as old as a stream may be."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from app.events.delivery.fan_out import FanOut
from app.events.delivery.stream_item import Closing, StreamItem, StreamStart
from app.events.delivery.subscription import Subscription
from app.events.delivery.timing import endings as endings_module
from app.events.delivery.timing.endings import MAX_AGE, TOKEN_EXPIRED, VERSION_RETIRED
from app.events.delivery.timing.expiries import Expiries
from app.events.filter import EVERYTHING
from app.events.log import tail as tail_module
from app.events.log.event_log import EventLog
from app.events.log.event_store import Page
from app.events.log.start import Start
from app.specification.deprecated_majors import DeprecatedMajor
from app.specification.deprecation import Deprecation
from app.stores.memory import MemoryStore
from tests.events.logs import event, in_virtual_time, now_seconds, open_log


@dataclass(frozen=True)
class Token:
    """The lease of a reader; `expires_at` is a time of the virtual clock."""

    expires_at: float | None
    key: str = "k1"


class Keeper:
    """A sink that keeps its items and when it was sent the last one; it is full once it holds `room` items."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.room = room
        self.steps: list[StreamItem] = []
        self.ended_at = -1.0

    def send(self, step: StreamItem) -> bool:
        assert len(self.steps) < self.room, "A full sink was sent an item."
        self.steps.append(step)
        if isinstance(step, Closing):
            self.ended_at = now_seconds()
        return len(self.steps) < self.room


class Stalled(MemoryStore):
    """A store on a disk that takes a minute for each read."""

    async def read(self, *arguments: Any, **options: Any) -> Page:
        await asyncio.sleep(60)
        return await super().read(*arguments, **options)


@pytest.fixture(autouse=True)
def virtual_time_of_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings_module, "time", SimpleNamespace(time=now_seconds))


def follow(
    fan_out: FanOut, log: EventLog, lease: Token | None = None, *, after: int | None = None, room: int = 1_000_000
) -> tuple[Subscription, Keeper]:
    start = Start(log.head if after is None else after)
    subscription, sink = Subscription(log, start, EVERYTHING, follow=True, limit=None, lease=lease), Keeper(room)
    fan_out.open(subscription, sink)
    return subscription, sink


@in_virtual_time
async def test_each_stream_ends_within_a_second_after_its_lease() -> None:
    log = await open_log()
    fan_out = FanOut(log, 15)
    expiries = [5, 7.1, 7.2, 300.9, 301]
    sinks = [follow(fan_out, log, Token(each))[1] for each in expiries]
    _, unlimited = follow(fan_out, log, Token(None))
    await asyncio.sleep(400)

    assert [sink.steps[1:] for sink in sinks] == [[TOKEN_EXPIRED]] * 5
    assert all(0 <= sink.ended_at - expiry <= 1 for sink, expiry in zip(sinks, expiries, strict=True))
    assert len(unlimited.steps) == len(fan_out) == 1
    assert +fan_out.sent.closings == {"token_expired": 5}


@in_virtual_time
async def test_a_crowd_whose_leases_end_together_ends_in_many_turns() -> None:
    log = await open_log()
    fan_out = FanOut(log, 15)
    sinks = [follow(fan_out, log, Token(5))[1] for _ in range(1000)]
    ended = [0]

    def count() -> None:
        ended.append(sum(sink.ended_at >= 0 for sink in sinks))
        if ended[-1] < len(sinks):
            asyncio.get_running_loop().call_soon(count)  # once in each turn of the loop

    asyncio.get_running_loop().call_at(5, count)
    await fan_out.ended()

    assert max(later - earlier for earlier, later in pairwise(ended)) == 64


@in_virtual_time
async def test_a_stream_that_reads_a_disk_that_stalls_ends_with_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "TAIL_EVENTS", 1)
    log = EventLog(Stalled(1000))
    await log.open()
    await log.append([event(f"e-{number}") for number in range(100)])
    fan_out = FanOut(log, 15)
    sinks = [follow(fan_out, log, Token(5), after=0)[1] for _ in range(20)]  # some of them wait for their turn to read
    await fan_out.ended()

    assert now_seconds() < 6
    assert {tuple(map(type, sink.steps)) for sink in sinks} == {(StreamStart, Closing)}


@in_virtual_time
async def test_a_stream_whose_sink_is_full_is_sent_nothing_but_its_closing_after_its_lease() -> None:
    log = await open_log(*(event(f"e-{number}") for number in range(600)))
    fan_out = FanOut(log, 15)
    subscription, sink = follow(fan_out, log, Token(5), after=0, room=2)
    await asyncio.sleep(100)
    sink.room = 100
    fan_out.resume(subscription)
    await fan_out.ended()

    assert [type(step) for step in sink.steps] == [StreamStart, Page, Closing]


@in_virtual_time
async def test_a_stream_whose_client_leaves_is_forgotten() -> None:
    log = await open_log()
    fan_out = FanOut(log, 15, max_age_seconds=20)
    subscription, sink = follow(fan_out, log, Token(5))
    fan_out.leave(subscription)
    await asyncio.sleep(100)

    assert len(sink.steps) == 1
    assert not +fan_out.sent.closings


@in_virtual_time
async def test_streams_that_begin_together_end_at_different_ages_and_none_is_older_than_the_limit() -> None:
    log = await open_log()
    fan_out = FanOut(log, 15, max_age_seconds=1000)
    sinks = [follow(fan_out, log)[1] for _ in range(100)]
    await fan_out.ended()

    assert {sink.steps[-1] for sink in sinks} == {MAX_AGE}
    ages = sorted(sink.ended_at for sink in sinks)
    assert 800 <= ages[0] < 850
    assert 950 < ages[-1] <= 1001


@in_virtual_time
async def test_the_streams_of_a_lease_that_is_taken_back_end_at_once() -> None:
    log = await open_log()
    fan_out = FanOut(log, 15)
    _, kept = follow(fan_out, log, Token(500, "kept"))
    _, gone = follow(fan_out, log, Token(500, "gone"))
    _, anonymous = follow(fan_out, log)
    fan_out.revoke(lambda lease: isinstance(lease, Token) and lease.key == "kept")
    await asyncio.sleep(1)

    assert gone.steps[1:] == [TOKEN_EXPIRED]
    assert len(kept.steps) == len(anonymous.steps) == 1


@in_virtual_time
async def test_a_stream_that_is_opened_after_its_lease_was_taken_back_ends_at_once() -> None:
    log = await open_log()
    fan_out = FanOut(log, 15)
    fan_out.revoke(lambda lease: isinstance(lease, Token) and lease.key == "kept")
    _, kept = follow(fan_out, log, Token(500, "kept"))
    _, gone = follow(fan_out, log, Token(500, "gone"))
    _, anonymous = follow(fan_out, log)
    await asyncio.sleep(1)

    assert gone.steps[1:] == [TOKEN_EXPIRED]
    assert len(kept.steps) == len(anonymous.steps) == 1


def ending(days: int, successor: int | None = 2) -> DeprecatedMajor:
    """Return a major version with a sunset so many days after the epoch of the virtual clock."""
    sunset = date(1970, 1, 1) + timedelta(days)
    return DeprecatedMajor("order.shipped", 1, Deprecation(date(1970, 1, 1), sunset), successor)


@in_virtual_time
async def test_a_stream_ends_on_the_day_of_the_first_sunset_of_what_it_has() -> None:
    log = await open_log()
    fan_out = FanOut(log, 15)
    told = [(), (ending(3), ending(2)), (ending(4), ending(1, successor=None))]
    sinks = []
    for deprecations in told:
        subscription = Subscription(
            log, Start(log.head), EVERYTHING, follow=True, limit=None, deprecations=deprecations
        )
        sinks.append(Keeper())
        fan_out.open(subscription, sinks[-1])
    await asyncio.sleep(10 * 86_400)

    assert [sink.steps[0].deprecations for sink in sinks if isinstance(sink.steps[0], StreamStart)] == told
    assert [sink.steps[1:] for sink in sinks] == [[], [VERSION_RETIRED], [VERSION_RETIRED]]
    assert [sink.ended_at // 86_400 for sink in sinks[1:]] == [2, 4]
    assert all(sink.ended_at % 86_400 <= 1 for sink in sinks[1:])
    assert +fan_out.sent.closings == {"version_retired": 2}


@in_virtual_time
async def test_a_time_can_be_moved_and_removed() -> None:
    due: list[tuple[str, float]] = []
    expiries = Expiries[str](now_seconds, lambda name: due.append((name, round(now_seconds(), 3))))
    for name in ("a", "b", "c"):
        expiries.set(name, 10)
    expiries.set("a", 20)
    expiries.forget("b")
    expiries.forget("unknown")
    await asyncio.sleep(30)
    expiries.set("d", 5)
    await asyncio.sleep(1)

    assert due == [("c", 10), ("a", 20), ("d", 30)]
    assert not len(expiries)


@in_virtual_time
async def test_a_clock_that_is_put_forward_ends_what_is_over_by_it() -> None:
    ahead = 0.0
    due: list[str] = []
    expiries = Expiries[str](lambda: now_seconds() + ahead, due.append)
    expiries.set("a", 3600)
    await asyncio.sleep(10)
    ahead = 3600
    await asyncio.sleep(1)

    assert due == ["a"]
