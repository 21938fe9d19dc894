"""When the events of the log were stored, as pages say it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from app.check.findings import NotSeen
from app.check.http.stream_blocks import OrderEvent
from app.check.target.paging import PAGE_EVENTS, walk
from app.check.target.target import Target


class TimedEvent(NamedTuple):
    """An event of the log with the time at which it was stored: as a time, and as the text that the server wrote; and with its version."""

    event: OrderEvent
    stored_at: datetime
    text: str
    schema_version: str


def timed_events(target: Target, *, in_order: bool = True) -> list[TimedEvent]:
    """Return the events of the log that were read as a stream, each with the time at which it was stored.

    Raises NotSeen if pages do not say it, if there is no such event, or if the times decrease, unless `in_order` is False.
    """
    log = target.log()
    known = {event.id: event for event in log.events}
    last = log.events[-1].id
    pages = walk(target, ("from", "earliest"), lambda each: each.id == last, size=PAGE_EVENTS, most=len(log.events))
    timed = [
        TimedEvent(known[each.id], time, each.stored_at, each.schema_version)
        for each in pages
        if each.id in known and each.stored_at is not None and (time := instant(each.stored_at)) is not None
    ]
    if not timed:
        raise NotSeen("No event of a page has the time at which it was stored.")
    if in_order and any(after.stored_at < before.stored_at for before, after in pairwise(timed)):
        raise NotSeen("The times at which the events were stored decrease (see stored-at).")
    return timed


def instant(text: str) -> datetime | None:
    """Return a date and time of RFC 3339 as a time in UTC; None if the text is no such time."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def distinct(events: Sequence[TimedEvent]) -> list[TimedEvent]:
    """Return the first event of each time: the earliest, one from the middle, and the latest of them."""
    firsts = list({each.stored_at: each for each in reversed(events)}.values())[::-1]
    return [firsts[place] for place in sorted({0, len(firsts) // 2, len(firsts) - 1})]
