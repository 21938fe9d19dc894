"""Assigning offsets to submitted events: a new event gets the next offset of the log, a duplicate gets the offset of the
stored event.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import chain

from app.events.errors import EventIdConflict
from app.events.event import Event, EventKey, StoredEvent, same_content
from app.events.log.event_store import Appended


def assign_to_all(requests: Sequence[Sequence[Event]], after: int, epoch: str, stored_at_us: int) -> list[StoredEvent]:
    """Give every event of all requests the next free offset, and return the events in the form in which they are to be stored.

    The first offset is `after` + 1. Duplicates are not detected, and nothing is written to the store here.
    """
    events = chain.from_iterable(requests)
    return [_stored(event, offset, epoch, stored_at_us) for offset, event in enumerate(events, after + 1)]


def assign_or_find(
    events: Sequence[Event],
    after: int,
    epoch: str,
    stored_at_us: int,
    retained: Callable[[EventKey], StoredEvent | None],
) -> list[Appended]:
    """Give each new event the next free offset, and find the stored event for each duplicate. Returns the outcome for each
    event.

    The first offset is `after` + 1. An event is a duplicate if an event with the same owner and `event_id` is in the log, or
    earlier in `events`. `retained`: a function that returns the stored event with an owner and event id; None if there is no
    such event. Nothing is written to the store here. Raises EventIdConflict if two events with the same owner and id differ in
    content.
    """
    appended: list[Appended] = []
    new: dict[EventKey, StoredEvent] = {}
    for index, event in enumerate(events):
        key = (event.owner, event.event_id)  # not `event.key`: the call would take as long as all else here
        known = new.get(key) or retained(key)
        if known is None:
            stored = new[key] = _stored(event, after + len(new) + 1, epoch, stored_at_us)
            appended.append(Appended(stored, duplicate=False))
        elif same_content(event, known):
            appended.append(Appended(known, duplicate=True))
        else:
            raise EventIdConflict(index, event.event_id)
    return appended


def new_events(appended: Sequence[Appended]) -> list[StoredEvent]:
    """Return the events that are not duplicates, and so have to be stored."""
    return [each.stored for each in appended if not each.duplicate]


def next_stored_at_us(last_us: int) -> int:
    """Return the time to record for the next stored events, in microseconds since 1970-01-01 UTC.

    It is the time of the wall clock, but never less than `last_us`, the recorded time of the newest event. So the recorded
    times in a log never decrease, even if the clock is set back.
    """
    return max(time.time_ns() // 1000, last_us)


def _stored(event: Event, offset: int, epoch: str, stored_at_us: int) -> StoredEvent:
    fields = (
        offset,
        epoch,
        event.event_type,
        event.schema_version,
        event.event_id,
        event.order_id,
        stored_at_us,
        event.data,
        event.owner,
    )
    return tuple.__new__(StoredEvent, fields)  # `StoredEvent(...)` calls a Python function, and takes 0.1 µs more
