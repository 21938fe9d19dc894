"""The tail of the log: its newest events, kept in memory, so that readers near the end of the log need no read of the store."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

from app.events.event import StoredEvent
from app.events.filter import Filter
from app.events.log.event_store import Page
from app.events.position import Floor

TAIL_EVENTS = 10_000  # a reader may lag this far before it costs a read of the store
TAIL_CHARACTERS = 16 * 1024 * 1024  # a bound for contracts that allow large data

_Name = TypeVar("_Name", str, str | None)


class Tail:
    """The newest events of a log, in memory: all events after some offset. That offset moves forward as events are added.

    `after`: the offset of the newest event when the log is opened; the tail has no events then.
    """

    def __init__(self, after: int) -> None:
        self._after = after
        self._events: list[StoredEvent] = []
        self._offsets: list[int] = []
        self._by_order: defaultdict[str | None, list[StoredEvent]] = defaultdict(
            list
        )  # ten thousand tabs, each of one order, may return at once
        self._by_owner: defaultdict[str, list[StoredEvent]] = defaultdict(list)  # of events that have an owner
        self._characters = 0
        self.head = after

    def covers(self, after: int) -> bool:
        """Return whether every event with an offset greater than `after` is in memory."""
        return after >= self._after

    def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        """Return a page of events from memory; see `EventStore.read` for the parameters. Every event after `after` must be in
        memory.
        """
        found: list[StoredEvent] = []
        for event in self._candidates(after, through, filter):
            if not filter.matches(event):
                continue
            found.append(event)
            if len(found) == limit:
                return Page(found, event.offset)
        return Page(found, max(after, min(through, self.head)))

    def _candidates(self, after: int, through: int, filter: Filter) -> Sequence[StoredEvent]:
        if filter.order_ids is not None:
            listed = [self._by_order.get(order_id, ()) for order_id in filter.order_ids]
        elif filter.owners is not None:
            listed = [self._by_owner.get(owner, ()) for owner in filter.owners]
        else:
            start = bisect_right(self._offsets, after)
            return self._events[start : bisect_right(self._offsets, through)]
        return sorted(event for events in listed for event in events if after < event.offset <= through)

    def extend(self, events: Sequence[StoredEvent], floor: Floor) -> None:
        """Add new events of the log to the tail, and drop events from the tail.

        Dropped are events that were deleted from the log (up to `floor`), and the oldest events if the tail is larger than its
        limits.
        """
        self._events.extend(events)
        self._offsets += [event.offset for event in events]
        for event in events:
            self._by_order[event.order_id].append(event)
            if event.owner:
                self._by_owner[event.owner].append(event)
        self._characters += sum([len(event.data) for event in events])
        if events:
            self.head = events[-1].offset
        self._drop(bisect_right(self._offsets, floor.offset))
        # Twice the bound, then half of it goes: cutting a list from the front costs its length.
        if len(self._events) > 2 * TAIL_EVENTS:
            self._drop(len(self._events) - TAIL_EVENTS)
        while self._characters > TAIL_CHARACTERS:
            self._drop(max(1, len(self._events) // 2))

    def _drop(self, count: int) -> None:
        if count == 0:
            return
        self._after = self._offsets[count - 1]
        dropped = self._events[:count]
        self._characters -= sum([len(event.data) for event in dropped])
        _drop_first(self._by_order, [event.order_id for event in dropped])
        _drop_first(self._by_owner, [event.owner for event in dropped if event.owner])
        del self._events[:count], self._offsets[:count]


def _drop_first(lists: defaultdict[_Name, list[StoredEvent]], names: Iterable[_Name]) -> None:
    """Drop events from the lists of their orders, or of their owners. `names`: the name of the list, for each dropped event.

    The oldest events of the log are dropped first, so they are at the front of these lists, too.
    """
    for name, number in Counter(names).items():
        listed = lists[name]
        del listed[:number]
        if not listed:
            del lists[name]
