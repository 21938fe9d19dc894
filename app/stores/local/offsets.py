"""The offsets of the events of a request: a new event gets the next offset, a repeated one has the offset of the stored event."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import chain

from app.events.errors import EventIdConflict
from app.events.event import Event, StoredEvent, same_content
from app.events.log.event_store import Appended


def assign_to_all(requests: Sequence[Sequence[Event]], after: int, epoch: str, stored_at_us: int) -> list[StoredEvent]:
    """Give every event of all requests the next offset after `after`, as if none repeated another. Nothing is stored here."""
    events = chain.from_iterable(requests)
    return [_stored(event, offset, epoch, stored_at_us) for offset, event in enumerate(events, after + 1)]


def assign_or_find(
    events: Sequence[Event], after: int, epoch: str, stored_at_us: int, retained: Callable[[str], StoredEvent | None]
) -> list[Appended]:
    """Give each event the next offset after `after`, or find the event that it repeats.

    `retained` returns the stored event with an `event_id`, or None. An event may also repeat an earlier one of `events`.
    Nothing is stored here. Raises EventIdConflict.
    """
    appended: list[Appended] = []
    new: dict[str, StoredEvent] = {}
    for index, event in enumerate(events):
        known = new.get(event.event_id) or retained(event.event_id)
        if known is None:
            stored = new[event.event_id] = _stored(event, after + len(new) + 1, epoch, stored_at_us)
            appended.append(Appended(stored, duplicate=False))
        elif same_content(event, known):
            appended.append(Appended(known, duplicate=True))
        else:
            raise EventIdConflict(index, event.event_id)
    return appended


def new_events(appended: Sequence[Appended]) -> list[StoredEvent]:
    """Return the events that are not duplicates and have to be stored."""
    return [each.stored for each in appended if not each.duplicate]


def next_stored_at_us(last_us: int) -> int:
    """Return the time for the next events: the wall clock's, or `last_us` if the clock was set back below it.

    So the times in a log never decrease.
    """
    return max(time.time_ns() // 1000, last_us)


def _stored(event: Event, offset: int, epoch: str, stored_at_us: int) -> StoredEvent:
    return StoredEvent(
        offset,
        epoch,
        event.event_type,
        event.schema_version,
        event.event_id,
        event.order_id,
        stored_at_us,
        event.data,
    )
