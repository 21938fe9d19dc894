"""The filter of a reader: an immutable, hashable value, so that readers with equal filters can share their work."""

from __future__ import annotations

from dataclasses import dataclass

from app.events.event import Event, StoredEvent


@dataclass(frozen=True, slots=True)
class Filter:
    """A selection of events by event type and by order id; None means all types, or all orders."""

    event_types: frozenset[str] | None = None
    order_ids: frozenset[str] | None = None

    def matches(self, event: Event | StoredEvent) -> bool:
        return (self.event_types is None or event.event_type in self.event_types) and (
            self.order_ids is None or event.order_id in self.order_ids
        )


EVERYTHING = Filter()
