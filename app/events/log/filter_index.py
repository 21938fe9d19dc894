"""An index of filters: it finds the filters that match an event, so that a commit costs time only for the listeners that are
called.

For example, if 10,000 readers follow one order each, the index has 10,000 entries by order id, and an event needs one lookup.
All tables keep the order in which the listeners joined, so that the same history leads to the same order of calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from app.events.event import StoredEvent
from app.events.filter import EVERYTHING, Filter


class Listener(Protocol):
    """An object that is called with the new events that match its filter."""

    def on_events(self, examined: int, events: Sequence[StoredEvent]) -> None:
        """Handle the events of one commit that match the filter; there is at least one such event.

        `examined`: the offset of the newest event before the commit. No event between the previous call and this offset
        matches.
        """


class FilterIndex:
    """The listeners of a log, grouped by filter. A listener may join and leave at any time, even while its method `on_events`
    runs.
    """

    def __init__(self) -> None:
        self._entries: dict[Filter, _Entry] = {}
        self._in_no_table: _Entries = {}
        self._by_event_type: dict[str, _Entries] = {}
        self._by_order_id: dict[str, _Entries] = {}
        self._by_owner: dict[str, _Entries] = {}

    def __len__(self) -> int:
        return sum(len(entry.listeners) for entry in self._entries.values())

    def join(self, filter: Filter, listener: Listener) -> None:
        """Register a listener: it is called for every later commit that contains an event which matches the filter."""
        entry = self._entries.get(filter)
        if entry is None:
            entry = self._entries[filter] = _Entry(filter)
            for table, key in self._tables(filter):
                table.setdefault(key, {})[entry] = None
            if not entry.is_in_a_table:
                self._in_no_table[entry] = None
        entry.listeners[listener] = None

    def leave(self, filter: Filter, listener: Listener) -> None:
        """Unregister a listener, so that it is not called any more. Nothing happens if the listener is not registered."""
        entry = self._entries.get(filter)
        if entry is None:
            return
        entry.listeners.pop(listener, None)
        if not entry.listeners:
            self._remove(entry)

    def notify(self, examined: int, events: Sequence[StoredEvent]) -> None:
        """Call the listeners whose filters match an event of a commit. Each listener gets the events of the commit that match
        its filter.

        `examined`: the offset of the newest event before the commit.
        """
        for entry, matching_events in self._matches(events).items():
            for listener in tuple(entry.listeners):
                listener.on_events(examined, matching_events)

    def _matches(self, events: Sequence[StoredEvent]) -> dict[_Entry, Sequence[StoredEvent]]:
        matches: dict[_Entry, Sequence[StoredEvent]] = {}
        for entry in self._in_no_table:
            matching = events if entry.filter == EVERYTHING else [*filter(entry.filter.matches, events)]
            if matching:
                matches[entry] = matching
        narrowed: dict[_Entry, list[StoredEvent]] = {}
        for event in events:
            by_order = self._by_order_id.get(event.order_id, ()) if event.order_id is not None else ()
            by_owner = self._by_owner.get(event.owner, ())
            for entry in (*self._by_event_type.get(event.event_type, ()), *by_order, *by_owner):
                if entry.filter.matches(event):
                    narrowed.setdefault(entry, []).append(event)
        return {**matches, **narrowed}

    def _remove(self, entry: _Entry) -> None:
        del self._entries[entry.filter]
        self._in_no_table.pop(entry, None)
        for table, key in self._tables(entry.filter):
            del table[key][entry]
            if not table[key]:
                del table[key]

    def _tables(self, filter: Filter) -> Iterable[tuple[dict[str, _Entries], str]]:
        """Return the tables in which a filter must have an entry, each with the key of the entry. A table maps order ids, owners
        or event types to entries.

        If the filter has order ids, these are the keys, otherwise its owners, otherwise its event types. There are many orders,
        fewer owners and few types, so a lookup by order id finds the fewest entries whose filters do not match in the end.
        """
        if filter.order_ids is not None:
            return ((self._by_order_id, order_id) for order_id in filter.order_ids)
        if filter.owners is not None:
            return ((self._by_owner, owner) for owner in filter.owners)
        return ((self._by_event_type, event_type) for event_type in filter.event_types or ())


class _Entry:
    """The listeners that have the same filter, in the order in which they joined."""

    __slots__ = ("filter", "listeners")

    def __init__(self, filter: Filter) -> None:
        self.filter = filter
        self.listeners: dict[Listener, None] = {}

    @property
    def is_in_a_table(self) -> bool:
        return (self.filter.event_types, self.filter.order_ids, self.filter.owners) != (None, None, None)


_Entries = dict[_Entry, None]
