"""Counting the events of the log by the interval in which they were stored and by their type, for charts of long times."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from app.events.filter import Filter
from app.events.log.event_log import EventLog
from app.events.log.event_store import BelowFloor
from app.specification.errors import Refusal
from app.specification.openapi.statements.count_contract import CountContract

SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True)
class CountRequest:
    """What to count: the matching events that were stored at or after `since_us` and before `until_us`.

    Both are in microseconds since 1970-01-01 UTC. `since_us` is None for all events from the first one that matches, and `until_us`
    for all up to the newest. `interval_seconds`: the length of an interval; None if it is to be chosen.
    """

    filter: Filter
    since_us: int | None = None
    until_us: int | None = None
    interval_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class EventCounts:
    """The numbers of events, by the start of the interval in which they were stored (in seconds since 1970-01-01 UTC) and by type.

    `interval_seconds`: the length of an interval. `is_complete`: False if an event that was stored at or after the beginning has
    been deleted. `through`: the offset up to which events were counted.
    """

    interval_seconds: int
    counts: Mapping[int, Mapping[str, int]]
    is_complete: bool
    through: int


class TooManyIntervals(Refusal):
    """Raised when the time that a request asks for has more intervals than an answer may have.

    `least_seconds`: the length of the shortest interval that is possible.
    """

    def __init__(self, least_seconds: int) -> None:
        super().__init__(f"The interval must be at least {least_seconds} seconds for this range of time.")
        self.least_seconds = least_seconds


async def count_events(log: EventLog, request: CountRequest, contract: CountContract) -> EventCounts:
    """Count events of the log, also those that another server of a shared log has acknowledged before this call.

    Raises TooManyIntervals; Draining if the log drains, StoreUnavailable if the store cannot read.
    """
    log.check_accepts_requests()
    await log.sync()
    generation, floor, through, filter = log.generation, log.floor, log.head, request.filter
    after = floor.offset if request.since_us is None else await log.offset_before(request.since_us)
    if request.until_us is not None:
        through = min(through, await log.offset_before(request.until_us))
    since_us = await _first_stored_at(log, after, through, filter) if request.since_us is None else request.since_us
    seconds = _interval_seconds(request, since_us, contract)
    is_complete = request.since_us is None or request.since_us > floor.stored_at_us or floor.stored_at_us == 0
    counts = Counter[tuple[int, str]]()
    while after < through:
        log.check_generation(generation)
        try:
            counted = await log.count(after, through, filter, seconds * SECOND_US)
        except BelowFloor as expired:
            after, is_complete = expired.floor.offset, request.since_us is None
        else:
            after = counted.through
            counts.update(counted.counts)
    log.check_generation(generation)
    return EventCounts(seconds, _by_start(counts, seconds, contract), is_complete, after)


async def _first_stored_at(log: EventLog, after: int, through: int, filter: Filter) -> int:
    """Return when the first matching event was stored; the present time if there is none."""
    while after < through:
        try:
            page = await log.read(after, through, filter, limit=1)
        except BelowFloor as expired:
            after = expired.floor.offset
            continue
        if page.events:
            return page.events[0].stored_at_us
        after = page.through
    return time.time_ns() // 1000


def _interval_seconds(request: CountRequest, since_us: int, contract: CountContract) -> int:
    """Return the length of an interval: the requested one, or one that the contract lets the server choose."""
    now_us = time.time_ns() // 1000
    last_us = (now_us if request.until_us is None else min(request.until_us, now_us)) - 1
    least = _least_seconds(since_us, last_us, contract.maximum)
    if request.interval_seconds is None:
        aimed_at = _least_seconds(since_us, last_us, contract.chosen_maximum)
        longest = max(least, contract.chosen_seconds[-1])
        return next((each for each in contract.chosen_seconds if each >= aimed_at), longest)
    if _intervals(since_us, last_us, request.interval_seconds) > contract.maximum:
        raise TooManyIntervals(least)
    return request.interval_seconds


def _intervals(first_us: int, last_us: int, seconds: int) -> int:
    return last_us // (seconds * SECOND_US) - first_us // (seconds * SECOND_US) + 1


def _least_seconds(first_us: int, last_us: int, maximum: int) -> int:
    """Return a length from which on intervals of any length are not more than a maximum, wherever the first one begins."""
    return max(1, -((first_us - last_us) // (max(1, maximum - 1) * SECOND_US)))


def _by_start(
    counts: Mapping[tuple[int, str], int], seconds: int, contract: CountContract
) -> dict[int, dict[str, int]]:
    by_start: dict[int, dict[str, int]] = {}
    for interval, event_type in sorted(counts):
        by_start.setdefault(interval * seconds, {})[event_type] = counts[interval, event_type]
    if len(by_start) > contract.maximum:  # only if the clock was set back, or that of another server is ahead
        raise TooManyIntervals(_least_seconds(min(by_start) * SECOND_US, max(by_start) * SECOND_US, contract.maximum))
    return by_start
