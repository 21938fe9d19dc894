"""The filter of a reader: an immutable, hashable value, so that readers with equal filters can share their work."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from app.events.event import Event, StoredEvent
from app.specification.conversion.reading import AS_STORED, Reading


@dataclass(frozen=True, slots=True)
class Filter:
    """A selection of events by event type, by order id and by owner; None means all types, all orders, or all owners.

    An event without an owner matches only if `owners` is None. `restricted`: True if the reader may not see every event of the log.
    It is then sent opaque ids, and nothing by which it could notice the other events. `reading`: the major versions in
    which the reader is sent events. These two do not change which events match; they are here because readers with equal filters
    share pages.
    """

    event_types: frozenset[str] | None = None
    order_ids: frozenset[str] | None = None
    owners: frozenset[str] | None = None
    restricted: bool = False
    reading: Reading = AS_STORED

    @property
    def matches_all(self) -> bool:
        """Whether every event matches."""
        return self.event_types is None and self.order_ids is None and self.owners is None

    def matches(self, event: Event | StoredEvent) -> bool:
        return (
            (self.event_types is None or event.event_type in self.event_types)
            and (self.order_ids is None or event.order_id in self.order_ids)
            and (self.owners is None or event.owner in self.owners)
        )


EVERYTHING = Filter()


def filter_of(
    event_types: Collection[str] | None, order_ids: Collection[str] | None, reading: Reading = AS_STORED
) -> Filter:
    """Return the filter that selects events of these types and of these orders; None stands for all of them. `reading`: see `Filter`.

    If nothing is selected, and nothing converted, that is the object EVERYTHING itself, because most readers keep it.
    """
    if event_types is None and order_ids is None and reading is AS_STORED:
        return EVERYTHING
    return Filter(_frozen(event_types), _frozen(order_ids), reading=reading)


def _frozen(values: Collection[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)
