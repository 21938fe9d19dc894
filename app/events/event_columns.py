"""Stored events as columns, without an object for each event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from app.events.event import StoredEvent


@dataclass(frozen=True, slots=True, eq=False)
class EventColumns(Sequence[StoredEvent]):
    """A sequence of stored events, kept as one list of texts for each field of StoredEvent. Each list has one text for each
    event.

    A store that reads many events returns them in this form, and an encoder writes them from the columns: making a StoredEvent
    for each event would take as long as both together. A StoredEvent is made only if it is asked for. Numbers are in decimal,
    and the order id of an event without an order is an empty text.
    """

    offsets: Sequence[str]
    epochs: Sequence[str]
    event_types: Sequence[str]
    schema_versions: Sequence[str]
    event_ids: Sequence[str]
    order_ids: Sequence[str]
    stored_at_us: Sequence[str]
    data: Sequence[str]
    owners: Sequence[str]

    @classmethod
    def of(cls, events: Iterable[StoredEvent]) -> EventColumns:
        """Return the given events as columns."""
        rows = [map(str, event._replace(order_id=event.order_id or "")) for event in events]
        return cls(*zip(*rows, strict=True)) if rows else NO_EVENTS

    def __len__(self) -> int:
        return len(self.offsets)

    def __iter__(self) -> Iterator[StoredEvent]:
        return map(_event, zip(*self._columns(), strict=True))

    @overload
    def __getitem__(self, index: int) -> StoredEvent: ...

    @overload
    def __getitem__(self, index: slice) -> EventColumns: ...

    def __getitem__(self, index: int | slice) -> StoredEvent | EventColumns:
        if isinstance(index, slice):
            return EventColumns(*(column[index] for column in self._columns()))
        return _event(column[index] for column in self._columns())

    def _columns(self) -> tuple[Sequence[str], ...]:
        return (
            self.offsets,
            self.epochs,
            self.event_types,
            self.schema_versions,
            self.event_ids,
            self.order_ids,
            self.stored_at_us,
            self.data,
            self.owners,
        )


def positions_of(events: Sequence[StoredEvent]) -> Iterable[tuple[str, int | str]]:
    """Return the epoch and the offset of each event."""
    if isinstance(events, EventColumns):
        return zip(events.epochs, events.offsets, strict=True)
    return [(event.epoch, event.offset) for event in events]


NO_EVENTS = EventColumns((), (), (), (), (), (), (), (), ())


def _event(texts: Iterable[str]) -> StoredEvent:
    offset, epoch, event_type, schema_version, event_id, order_id, stored_at_us, data, owner = texts
    stored_at = int(stored_at_us)
    return StoredEvent(
        int(offset), epoch, event_type, schema_version, event_id, order_id or None, stored_at, data, owner
    )
