"""The log as its readers see it: one store, the newest events in memory, and the readers that wait for more.

There is one read path: a replay is a stream that starts further back. A reader within the tail (the newest events) is served from
memory, a reader behind it from the store, and the change between the two is not visible. A reader has a position, never a queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from app.events.errors import Draining
from app.events.event import Event, StoredEvent
from app.events.filter import Filter
from app.events.log.event_store import Appended, BelowFloor, Commit, EventStore, Page
from app.events.log.filter_index import FilterIndex, Listener
from app.events.log.tail import Tail
from app.events.position import Epochs, Floor, Position

PAGES_KEPT = 1024  # a commit empties them; this bounds them while a thousand filters poll a quiet log


class EventLog:
    """The log of order events. It is opened, drains, and is closed, in this order.

    Draining is a phase of the log, because it is the one object that publishers, pages and streams have in common: nothing waits
    any longer, requests are refused by `check_accepts_requests`, and requests that are under way are completed.
    """

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._listeners = FilterIndex()
        self._waiters: dict[_Waiter, None] = {}
        self._pages: dict[tuple[int, int, Filter, int], Page] = {}
        self._is_draining = False

    async def open(self) -> None:
        """Open the store. Raises StoreRefused."""
        opened = await self._store.open(self._on_commit)
        self._epochs: Epochs = opened.epochs
        self._floor: Floor = opened.floor
        self._tail = Tail(after=opened.head)

    async def close(self) -> None:
        await self._store.close()

    @property
    def epochs(self) -> Epochs:
        return self._epochs

    @property
    def head(self) -> int:
        """The offset of the newest event that is on disk."""
        return self._tail.head

    @property
    def floor(self) -> Floor:
        return self._floor

    @property
    def is_draining(self) -> bool:
        return self._is_draining

    @property
    def listener_count(self) -> int:
        return len(self._listeners)

    def position(self, offset: int) -> Position:
        return self._epochs.position(offset)

    async def append(self, events: Sequence[Event]) -> list[Appended]:
        """Store events; see `EventStore.append` for its promises and errors."""
        return await self._store.append(events)

    def has_in_memory(self, after: int) -> bool:
        """Return whether every event after an offset is in memory."""
        return self._tail.covers(after)

    def read_in_memory(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        """Read a page of the tail; see `EventStore.read`. Readers at one place with one filter get the same page object."""
        if after < self._floor.offset:
            raise BelowFloor(self._floor)
        key = (after, through, filter, limit)
        page = self._pages.get(key)
        if page is None:
            if len(self._pages) == PAGES_KEPT:
                self._pages.clear()
            page = self._pages[key] = self._tail.read(after, through, filter, limit)
        return page

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        """Read a page, from the tail if it is there, else from the store; see `EventStore.read`."""
        if after < self._floor.offset or self._tail.covers(after):
            return self.read_in_memory(after, through, filter, limit)
        return await self._store.read(after, through, filter, limit)

    async def offset_before(self, stored_at_us: int) -> int:
        """Find the offset just before the first event stored at or after a time; at most the head. Raises StoreUnavailable."""
        return min(await self._store.offset_before(stored_at_us), self.head)

    def join(self, filter: Filter, listener: Listener) -> None:
        """Call a listener for every later commit that contains an event that its filter matches."""
        self._listeners.join(filter, listener)

    def leave(self, filter: Filter, listener: Listener) -> None:
        """Stop calling a listener."""
        self._listeners.leave(filter, listener)

    async def wait(self, filter: Filter, timeout_seconds: float) -> int:
        """Wait at the head until a matching event is stored, the log drains, or the time is up.

        Returns the offset through which everything stored meanwhile was examined and does not match.
        """
        if self._is_draining:
            return self.head
        waiter = _Waiter()
        self.join(filter, waiter)
        self._waiters[waiter] = None
        # Not asyncio.wait_for: after its timeout other tasks run before this one, and the head is no longer what it was.
        timer = asyncio.get_running_loop().call_later(timeout_seconds, lambda: waiter.release(self.head))
        try:
            return await waiter.examined
        finally:
            timer.cancel()
            self._waiters.pop(waiter, None)
            self.leave(filter, waiter)

    def check_store(self) -> None:
        """Raise StoreUnavailable if the store is known to be out of reach now; see `EventStore.check`."""
        self._store.check()

    def drain(self) -> None:
        """Begin the end: the server is about to stop. Nothing waits, now and from now on."""
        self._is_draining = True
        for waiter in self._waiters:
            waiter.release(self.head)

    def check_accepts_requests(self) -> None:
        """Raise Draining if the log drains, before a request begins that would not be completed in time."""
        if self._is_draining:
            raise Draining

    def _on_commit(self, commit: Commit) -> None:
        # Append and wake are one step: nothing can run between the tail's growth and the calls to its listeners.
        examined = self.head
        self._pages.clear()
        self._floor = commit.floor
        self._epochs = commit.epochs or self._epochs
        self._tail.extend(commit.events, commit.floor)
        self._listeners.notify(examined, commit.events)


class _Waiter:
    """A listener that waits for the next matching event, once."""

    def __init__(self) -> None:
        self.examined: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def on_events(self, examined: int, _events: Sequence[StoredEvent]) -> None:
        self.release(examined)

    def release(self, examined: int) -> None:
        if not self.examined.done():
            self.examined.set_result(examined)
