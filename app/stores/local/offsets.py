"""What becomes of the events of one request: a place at the end of the log, or that of the event which they repeat."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import chain

from app.events.errors import EventIdConflict
from app.events.event import Event, StoredEvent, same_content
from app.events.log.event_store import Appended


def place_all(requests: Sequence[Sequence[Event]], after: int, epoch: str, stored_at_us: int) -> list[StoredEvent]:
    """Give each event of all requests the next offset after `after`, as if none repeated another. Nothing is stored here."""
    events = chain.from_iterable(requests)
    return [_stored(event, offset, epoch, stored_at_us) for offset, event in enumerate(events, after + 1)]


def place(
    events: Sequence[Event], after: int, epoch: str, stored_at_us: int, retained: Callable[[str], StoredEvent | None]
) -> list[Appended]:
    """Give each event the next offset after `after`, or find it under its `event_id` in the log or earlier in `events`.

    Nothing is stored here. Raises EventIdConflict.
    """
    placed: list[Appended] = []
    fresh: dict[str, StoredEvent] = {}
    for index, event in enumerate(events):
        known = fresh.get(event.event_id) or retained(event.event_id)
        if known is None:
            stored = fresh[event.event_id] = _stored(event, after + len(fresh) + 1, epoch, stored_at_us)
            placed.append(Appended(stored, duplicate=False))
        elif same_content(event, known):
            placed.append(Appended(known, duplicate=True))
        else:
            raise EventIdConflict(index, event.event_id)
    return placed


def fresh_events(placed: Sequence[Appended]) -> list[StoredEvent]:
    """Return those that are to be stored."""
    return [appended.stored for appended in placed if not appended.duplicate]


def next_stored_at_us(last_us: int) -> int:
    """Read the wall clock, which may be set back, so that the log's times never decrease."""
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
