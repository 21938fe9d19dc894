"""The page of a reader that is sent events in another major version than that in which they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.events.event import StoredEvent
from app.events.event_columns import EventColumns
from app.events.log.event_store import Page
from app.specification.conversion.reading import Reading


def seen_page(page: Page, reading: Reading) -> Page:
    """Return a page with its events in the major versions of a reading. It is the same page if no event is converted."""
    events = page.events
    seen = _seen_columns(events, reading) if isinstance(events, EventColumns) else _seen_events(events, reading)
    return page if seen is events else Page(seen, page.through)


def _seen_events(events: Sequence[StoredEvent], reading: Reading) -> Sequence[StoredEvent]:
    if not any(reading.converts(event.event_type, event.schema_version) for event in events):
        return events
    return [_seen_event(event, reading) for event in events]


def _seen_event(event: StoredEvent, reading: Reading) -> StoredEvent:
    seen = reading.seen(event.event_type, event.schema_version, event.data)
    return event._replace(schema_version=seen.schema_version, data=seen.data)


def _seen_columns(events: EventColumns, reading: Reading) -> EventColumns:
    if not any(map(reading.converts, events.event_types, events.schema_versions)):
        return events
    seen = [*map(reading.seen, events.event_types, events.schema_versions, events.data)]
    return replace(events, schema_versions=[each.schema_version for each in seen], data=[each.data for each in seen])
