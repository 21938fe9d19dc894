"""The newest events of the log, in memory, so that those who follow it live do not ask the store."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from app.events.event import StoredEvent
from app.events.filter import Filter
from app.events.position import Floor
from app.events.store import Page

TAIL_EVENTS = 10_000  # a reader may lag this far before it costs a read of the store
TAIL_CHARACTERS = 16 * 1024 * 1024  # a bound for contracts that allow large data


class Tail:
    """Hold the events after a moving offset, through the head."""

    def __init__(self, after: int) -> None:
        self._after = after
        self._events: list[StoredEvent] = []
        self._offsets: list[int] = []
        self._characters = 0
        self.head = after

    def covers(self, after: int) -> bool:
        """Tell whether every event after an offset is here."""
        return after >= self._after

    def read(self, after: int, through: int, wanted: Filter, limit: int) -> Page:
        """Read as `EventStore.read` does; `after` must be covered."""
        start = bisect_right(self._offsets, after)
        end = bisect_right(self._offsets, through)
        found: list[StoredEvent] = []
        for event in self._events[start:end]:
            if not wanted.matches(event):
                continue
            found.append(event)
            if len(found) == limit:
                return Page(found, event.offset)
        return Page(found, max(after, min(through, self.head)))

    def extend(self, events: Sequence[StoredEvent], floor: Floor) -> None:
        """Take in what was appended, and let go what was deleted or is too much to keep."""
        self._events.extend(events)
        self._offsets.extend(event.offset for event in events)
        self._characters += sum(len(event.data) for event in events)
        if events:
            self.head = events[-1].offset
        self._let_go(bisect_right(self._offsets, floor.offset))
        # Twice the bound, then half of it goes: cutting a list from the front costs its length.
        if len(self._events) > 2 * TAIL_EVENTS:
            self._let_go(len(self._events) - TAIL_EVENTS)
        while self._characters > TAIL_CHARACTERS:
            self._let_go(max(1, len(self._events) // 2))

    def _let_go(self, count: int) -> None:
        if count == 0:
            return
        self._after = self._offsets[count - 1]
        self._characters -= sum(len(event.data) for event in self._events[:count])
        del self._events[:count], self._offsets[:count]
