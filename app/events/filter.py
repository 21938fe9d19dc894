"""The filter of a reader: an immutable, hashable value, so that readers with equal filters can share their work."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from app.events.event import Event, StoredEvent


@dataclass(frozen=True, slots=True)
class Filter:
    """A selection of events by event type, by order id and by owner; None means all types, all orders, or all owners.

    An event without an owner matches only if `owners` is None. `restricted`: True if the reader may not see every event of the log.
    It is then sent opaque ids, and nothing by which it could notice the other events. This does not change which events match; it
    is here because readers with equal filters share pages.
    """

    event_types: frozenset[str] | None = None
    order_ids: frozenset[str] | None = None
    owners: frozenset[str] | None = None
    restricted: bool = False

    def matches(self, event: Event | StoredEvent) -> bool:
        return (
            (self.event_types is None or event.event_type in self.event_types)
            and (self.order_ids is None or event.order_id in self.order_ids)
            and (self.owners is None or event.owner in self.owners)
        )


EVERYTHING = Filter()


def filter_of(event_types: Collection[str] | None, order_ids: Collection[str] | None) -> Filter:
    """Return the filter that selects events of these types and of these orders; None stands for all of them.

    If both are None, that is the object EVERYTHING itself, because most readers keep it.
    """
    if event_types is None and order_ids is None:
        return EVERYTHING
    return Filter(_frozen(event_types), _frozen(order_ids))


def _frozen(values: Collection[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)
