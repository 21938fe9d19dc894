"""Those who stand at the head of the log, by what they want: a commit finds its own, and costs the others nothing.

10,000 readers that each follow one order are 10,000 entries in a table of orders; an event looks up one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from app.events.event import StoredEvent
from app.events.filter import Filter


class Listener(Protocol):
    """Whoever waits for events."""

    def hear(self, examined: int, events: Sequence[StoredEvent]) -> None:
        """Take the wanted events of one commit, at least one; nothing wanted lies between the last time and `examined`."""


class FilterIndex:
    """Listeners by filter. A listener may join and leave at any time, from within `hear` too."""

    def __init__(self) -> None:
        self._entries: dict[Filter, _Entry] = {}
        self._of_everything: set[_Entry] = set()
        self._by_event_type: dict[str, set[_Entry]] = {}
        self._by_order_id: dict[str, set[_Entry]] = {}

    def __len__(self) -> int:
        return sum(len(entry.listeners) for entry in self._entries.values())

    def join(self, filter: Filter, listener: Listener) -> None:
        """Tell a listener of every commit that holds an event it wants, from now on."""
        entry = self._entries.get(filter)
        if entry is None:
            entry = self._entries[filter] = _Entry(filter)
            for table, key in self._places(filter):
                table.setdefault(key, set()).add(entry)
            if _is_unbounded(filter):
                self._of_everything.add(entry)
        entry.listeners[listener] = None

    def leave(self, filter: Filter, listener: Listener) -> None:
        """Tell it no more; it need not have joined."""
        entry = self._entries.get(filter)
        if entry is None:
            return
        entry.listeners.pop(listener, None)
        if not entry.listeners:
            self._forget(entry)

    def tell(self, examined: int, events: Sequence[StoredEvent]) -> None:
        """Hand the events of a commit to those who want them; `examined` is the head before it."""
        for entry, wanted_events in self._matches(events).items():
            for listener in tuple(entry.listeners):
                listener.hear(examined, wanted_events)

    def _matches(self, events: Sequence[StoredEvent]) -> dict[_Entry, Sequence[StoredEvent]]:
        matches: dict[_Entry, Sequence[StoredEvent]] = dict.fromkeys(self._of_everything, events) if events else {}
        narrowed: dict[_Entry, list[StoredEvent]] = {}
        for event in events:
            for entry in self._by_event_type.get(event.event_type, ()):
                narrowed.setdefault(entry, []).append(event)
            for entry in self._by_order_id.get(event.order_id, ()) if event.order_id is not None else ():
                if entry.filter.matches(event):
                    narrowed.setdefault(entry, []).append(event)
        return {**matches, **narrowed}

    def _forget(self, entry: _Entry) -> None:
        del self._entries[entry.filter]
        self._of_everything.discard(entry)
        for table, key in self._places(entry.filter):
            table[key].discard(entry)
            if not table[key]:
                del table[key]

    def _places(self, filter: Filter) -> Iterable[tuple[dict[str, set[_Entry]], str]]:
        """Find an entry by its orders where it names any, else by its types: orders are many, types are few."""
        if filter.order_ids is not None:
            return ((self._by_order_id, order_id) for order_id in filter.order_ids)
        return ((self._by_event_type, event_type) for event_type in filter.event_types or ())


def _is_unbounded(filter: Filter) -> bool:
    return filter.event_types is None and filter.order_ids is None


class _Entry:
    """The listeners of one filter, in the order in which they came."""

    __slots__ = ("filter", "listeners")

    def __init__(self, filter: Filter) -> None:
        self.filter = filter
        self.listeners: dict[Listener, None] = {}
