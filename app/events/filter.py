"""The filter of a reader: a pure, hashable value, shared by all readers that have the same one."""

from __future__ import annotations

from dataclasses import dataclass

from app.events.event import Event, StoredEvent


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice of events by type and by order; None stands for all."""

    event_types: frozenset[str] | None = None
    order_ids: frozenset[str] | None = None

    def matches(self, event: Event | StoredEvent) -> bool:
        return (self.event_types is None or event.event_type in self.event_types) and (
            self.order_ids is None or event.order_id in self.order_ids
        )


EVERYTHING = Filter()
