"""Counting events by interval and type: the range, the intervals, and what was deleted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.events.errors import Draining
from app.events.event import Event
from app.events.filter import EVERYTHING
from app.events.log.count_events import SECOND_US, CountRequest, TooManyIntervals, count_events
from app.events.log.event_log import EventLog
from app.specification.openapi.statements.count_contract import CountContract
from app.stores.memory import MemoryStore
from tests.events.logs import CANCELLED, event, open_log

CONTRACT = CountContract(maximum=10, chosen_seconds=(1, 60, 3600), chosen_maximum=4)
BEGIN = 1_714_557_600  # 2024-05-01T10:00:00Z, a whole hour
ALL = CountRequest(EVERYTHING, interval_seconds=60)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The time that it is for the log and for those that count, in seconds; set its only item."""
    seconds = [BEGIN]
    monkeypatch.setattr(time, "time_ns", lambda: seconds[0] * 10**9)
    return seconds


async def log_with(clock: list[int], stored: Sequence[tuple[int, Event]], retain_events: int = 100) -> EventLog:
    """Return a log with events that were stored at times after BEGIN, in seconds. It is 10 minutes after BEGIN then."""
    log = EventLog(MemoryStore(retain_events))
    await log.open()
    for seconds, each in stored:
        clock[0] = BEGIN + seconds
        await log.append([each])
    clock[0] = BEGIN + 600
    return log


STORED = (
    (0, event("a")),
    (59, event("b")),
    (60, event("c", "order.cancelled")),
    (185, event("d")),
    (185, event("e", "order.cancelled")),
)


def at(seconds: int) -> int:
    return (BEGIN + seconds) * SECOND_US


SHIPPED_TWICE = {0: {"order.shipped": 2}}
ONE_CANCELLED = {60: {"order.cancelled": 1}}
BOTH = {180: {"order.cancelled": 1, "order.shipped": 1}}


@pytest.mark.parametrize(
    ("request_", "expected", "through"),
    [
        pytest.param(ALL, SHIPPED_TWICE | ONE_CANCELLED | BOTH, 5, id="all"),
        pytest.param(replace(ALL, filter=CANCELLED), ONE_CANCELLED | {180: {"order.cancelled": 1}}, 5, id="of-a-type"),
        pytest.param(replace(ALL, since_us=at(1)), {0: {"order.shipped": 1}} | ONE_CANCELLED | BOTH, 5, id="since"),
        pytest.param(
            replace(ALL, since_us=at(-60), until_us=at(200)),
            SHIPPED_TWICE | ONE_CANCELLED | BOTH,
            5,
            id="since-before-all",
        ),
        pytest.param(replace(ALL, since_us=at(186)), {}, 5, id="since-after-all"),
        pytest.param(replace(ALL, since_us=at(9999)), {}, 5, id="since-in-the-future"),
        pytest.param(replace(ALL, until_us=at(60)), SHIPPED_TWICE, 2, id="until-is-not-included"),
        pytest.param(
            replace(ALL, until_us=at(60) + 1), SHIPPED_TWICE | ONE_CANCELLED, 3, id="until-just-after-an-event"
        ),
        pytest.param(
            replace(ALL, until_us=at(9999)), SHIPPED_TWICE | ONE_CANCELLED | BOTH, 5, id="until-in-the-future"
        ),
        pytest.param(replace(ALL, until_us=at(-1)), {}, 0, id="until-before-all"),
        pytest.param(replace(ALL, since_us=at(60), until_us=at(61)), ONE_CANCELLED, 3, id="since-and-until"),
        pytest.param(replace(ALL, since_us=at(61), until_us=at(1)), {}, 3, id="until-before-since"),
        pytest.param(
            replace(ALL, interval_seconds=3600), {0: {"order.cancelled": 2, "order.shipped": 3}}, 5, id="an-hour"
        ),
    ],
)
async def test_events_are_counted_by_interval_and_type(
    clock: list[int], request_: CountRequest, expected: dict[int, dict[str, int]], through: int
) -> None:
    counts = await count_events(await log_with(clock, STORED), request_, CONTRACT)
    assert {start - BEGIN: by_type for start, by_type in counts.counts.items()} == expected
    assert (counts.through, counts.is_complete) == (through, True)


@pytest.mark.parametrize(
    ("since", "until", "chosen", "least"),
    [
        pytest.param(597, None, 1, 1, id="seconds"),
        pytest.param(480, None, 60, 14, id="minutes"),
        pytest.param(480, 540, 60, 7, id="until"),
        pytest.param(480, 9999, 60, 14, id="until-in-the-future"),
        pytest.param(-2 * 3600, None, 3600, 867, id="hours"),
        pytest.param(-3 * 3600, None, 3600, 1267, id="more-than-aimed-at"),
        pytest.param(-90 * 3600, None, 36067, 36067, id="more-than-the-longest-allows"),
        pytest.param(700, None, 1, 1, id="the-future"),
    ],
)
async def test_an_interval_is_chosen_or_refused_if_it_is_too_short(
    clock: list[int], since: int, until: int | None, chosen: int, least: int
) -> None:
    log = await log_with(clock, STORED)
    request = CountRequest(EVERYTHING, at(since), None if until is None else at(until))
    assert (await count_events(log, request, CONTRACT)).interval_seconds == chosen
    await count_events(log, replace(request, interval_seconds=least), CONTRACT)
    if least > 1:
        with pytest.raises(TooManyIntervals, match=f"at least {least} seconds"):
            await count_events(log, replace(request, interval_seconds=1), CONTRACT)


async def test_all_events_are_counted_from_the_first_that_matches(clock: list[int]) -> None:
    log = await log_with(clock, STORED)
    clock[0] = BEGIN + 660
    assert (await count_events(log, replace(ALL, filter=CANCELLED), CONTRACT)).through == 5
    with pytest.raises(TooManyIntervals):
        await count_events(log, ALL, CONTRACT)


async def test_deleted_events_are_not_counted_and_reported(clock: list[int]) -> None:
    log = await log_with(clock, STORED, retain_events=3)
    for since_us, is_complete in ((None, True), (at(0), False), (at(59), False), (at(59) + 1, True)):
        counts = await count_events(log, replace(ALL, since_us=since_us), CONTRACT)
        assert {start - BEGIN: by_type for start, by_type in counts.counts.items()} == ONE_CANCELLED | BOTH
        assert counts.is_complete is is_complete


async def test_more_intervals_than_allowed_are_refused_though_the_clock_was_set_back(clock: list[int]) -> None:
    log = await log_with(clock, [(60 * minute, event(str(minute))) for minute in range(11)])
    clock[0] = BEGIN
    with pytest.raises(TooManyIntervals):
        await count_events(log, replace(ALL, since_us=at(0)), CONTRACT)


async def test_nothing_is_counted_while_the_log_drains() -> None:
    log = await open_log(event("a"))
    log.drain()
    with pytest.raises(Draining):
        await count_events(log, ALL, CONTRACT)
