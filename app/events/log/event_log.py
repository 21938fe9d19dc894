"""The log of order events as readers and publishers use it: a store, the newest events in memory, and the readers that wait
for more events.

There is one way to read: a replay is a stream that starts at an older position. Events in the tail (the newest events, which
are in memory) are read from memory; older events are read from the store. A reader does not notice the difference. A reader
has a position in the log, and no queue of events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeAlias

from app.events.errors import Draining, StoreUnavailable
from app.events.event import Event, StoredEvent
from app.events.filter import Filter
from app.events.log.event_store import Appended, BelowFloor, Commit, Counted, EventStore, Opened, Page
from app.events.log.filter_index import FilterIndex, Listener
from app.events.log.reader_ids import ReaderIds
from app.events.log.seen_page import seen_page
from app.events.log.tail import Tail
from app.events.log.write_health import DiskUse, WriteHealth
from app.events.position import Epochs, Floor, Position, SentId
from app.specification.conversion.reading import AS_STORED

_PageKey: TypeAlias = tuple[int, int, Filter, int]

PAGES_KEPT = 1024  # a commit empties them; this bounds them while a thousand filters poll a quiet log
STORED_PAGES_KEPT = 4  # of pages that are not in memory otherwise; as many as are read at a time (`STORE_READS`)


class EventLog:
    """The log of order events. A log is opened, then drained, then closed.

    Draining is the time before the server stops: no request waits for new events any longer, `check_accepts_requests` refuses
    new requests, and running requests are completed. Draining is a state of the log, because publishers, pages and streams all
    share this object.

    A log that several servers share can be replaced while it is open, see `Commit`. The offsets that readers have then no longer
    mean the same, so the readers must start again from their ids. `generation` counts this.
    """

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._listeners = FilterIndex()
        self._waiters: dict[_Waiter, None] = {}
        self._pages: dict[_PageKey, Page] = {}
        self._stored_pages: dict[_PageKey, Page] = {}
        self._is_draining = False
        self._on_replaced: list[Callable[[], None]] = []
        self.generation = 0

    async def open(self) -> None:
        """Open the log's store. Raises StoreRefused if the store cannot be opened."""
        self._begin(await self._store.open(self._on_commit))

    def _begin(self, opened: Opened) -> None:
        self._epochs: Epochs = opened.epochs
        self._floor: Floor = opened.floor
        self._ids = ReaderIds(opened.id_key)
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

    @property
    def ids(self) -> ReaderIds:
        return self._ids

    def id_of_place(self, offset: int, filter: Filter) -> SentId:
        """Return the id that a reader with this filter is sent for its place in the log: directly after the event at `offset`."""
        position = self._epochs.position(offset)
        return self._ids.of_place(position) if filter.restricted else position

    def as_sent(self, page: Page, filter: Filter) -> Page:
        """Return a page as readers with this filter are sent it: its events in their major version, with the ids that they may see."""
        if filter.reading is not AS_STORED:
            page = seen_page(page, filter.reading)
        return self._ids.page(page, filter)

    async def sync(self) -> None:
        """Return once `head` includes every event that was acknowledged before this call, also by another server of a shared
        log. Raises StoreUnavailable if this cannot be found out.
        """
        await self._store.sync()

    async def append(self, events: Sequence[Event]) -> list[Appended]:
        """Store events, and return the outcome for each event; see `EventStore.append` for the guarantees and errors."""
        return await self._store.append(events)

    def has_in_memory(self, after: int) -> bool:
        """Return whether every event with an offset greater than `after` is in memory."""
        return self._tail.covers(after)

    def read_in_memory(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        """Return a page of events from memory; see `EventStore.read` for the parameters. Raises BelowFloor if an event after
        `after` was deleted.

        Every event after `after` must be in memory. Calls with equal arguments return the same page object until the next
        commit.
        """
        if after < self._floor.offset:
            raise BelowFloor(self._floor)
        key = (after, through, filter, limit)
        page = self._pages.get(key)
        if page is None:
            if len(self._pages) == PAGES_KEPT:
                self._pages.clear()
            page = self._pages[key] = self.as_sent(self._tail.read(after, through, filter, limit), filter)
        return page

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        """Return a page of events: from memory if every event after `after` is there, otherwise from the store. See
        `EventStore.read`.

        After a restart nothing is in memory, and all readers come back within seconds, most of them to the same position. So
        the last few pages from the store are shared as well, until the next commit.
        """
        if after < self._floor.offset or self._tail.covers(after):
            return self.read_in_memory(after, through, filter, limit)
        key = (after, through, filter, limit)
        page = self._stored_pages.get(key)
        if page is None:
            generation = self.generation
            page = self.as_sent(await self._read_stored(after, through, filter, limit), filter)
            self.check_generation(generation)
            if len(self._stored_pages) >= STORED_PAGES_KEPT:
                del self._stored_pages[next(iter(self._stored_pages))]
            self._stored_pages[key] = page
        return page

    async def count(self, after: int, through: int, filter: Filter, interval_us: int) -> Counted:
        """Count matching events by interval and type; see `EventStore.count`."""
        return await self._store.count(after, through, filter, interval_us)

    async def offset_before(self, stored_at_us: int) -> int:
        """Return the offset just before the first event that was stored at or after a time; at most the offset of the newest
        event.

        Raises StoreUnavailable if the store cannot read.
        """
        return min(await self._store.offset_before(stored_at_us), self.head)

    def join(self, filter: Filter, listener: Listener) -> None:
        """Register a listener: it is called for every later commit that contains an event which matches the filter."""
        self._listeners.join(filter, listener)

    def leave(self, filter: Filter, listener: Listener) -> None:
        """Unregister a listener, so that it is not called any more."""
        self._listeners.leave(filter, listener)

    async def wait(self, filter: Filter, timeout_seconds: float) -> int:
        """Wait for new events, after all stored events have been read, until a matching event is stored, the log drains, or
        the time is up.

        Returns the offset from which to read on: no event that was stored between the call and this offset matches the filter.
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

    def call_when_replaced(self, callback: Callable[[], None]) -> None:
        """Call a function each time the log was replaced, after `generation` has changed."""
        self._on_replaced.append(callback)

    def check_generation(self, generation: int) -> None:
        """Raise StoreUnavailable if the log was replaced since a reader started at a `generation`."""
        if generation != self.generation:
            raise StoreUnavailable("The log was replaced; read it again from the last id.")

    @property
    def write_health(self) -> WriteHealth:
        """What is counted of the writes of the store."""
        return self._store.write_health

    def disk_use(self) -> DiskUse | None:
        """Return how much of the disk the log takes; None if it is not on a disk, or this cannot be found out."""
        return self._store.disk_use()

    def check_store(self) -> None:
        """Raise StoreUnavailable if it is known that the store cannot be used now; see `EventStore.check`."""
        self._store.check()

    def drain(self) -> None:
        """Start draining, because the server is about to stop: every request that waits for new events returns, and later
        requests do not wait.
        """
        self._is_draining = True
        for waiter in self._waiters:
            waiter.release(self.head)

    def check_accepts_requests(self) -> None:
        """Raise Draining if the server is about to stop. Call this before a request begins, because the request might not be
        completed in time.
        """
        if self._is_draining:
            raise Draining

    async def _read_stored(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        """Read a page from the store; that of a restricted reader is as full as if the log had no other events.

        A store examines so many events at a time. Pages that end there would show a reader how many events of others there are.
        """
        page = await self._store.read(after, through, filter, limit)
        while filter.restricted and page.events and len(page.events) < limit and page.through < through:
            more = await self._store.read(page.through, through, filter, limit - len(page.events))
            page = Page([*page.events, *more.events], more.through)
        return page

    def _on_commit(self, commit: Commit) -> None:
        # Append and wake are one step: nothing can run between the tail's growth and the calls to its listeners.
        examined = self.head
        self._pages.clear()
        self._stored_pages.clear()
        if commit.replaced is not None:
            self._replace(commit.replaced)
            return
        self._floor = commit.floor
        self._epochs = commit.epochs or self._epochs
        self._tail.extend(commit.events, commit.floor)
        self._listeners.notify(examined, commit.events)

    def _replace(self, replaced: Opened) -> None:
        self.generation += 1
        self._begin(replaced)
        for waiter in self._waiters:
            waiter.release(self.head)
        for callback in self._on_replaced:
            callback()


class _Waiter:
    """A listener that waits for one matching event. Its future `examined` gets the offset up to which no event matches."""

    def __init__(self) -> None:
        self.examined: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def on_events(self, examined: int, _events: Sequence[StoredEvent]) -> None:
        self.release(examined)

    def release(self, examined: int) -> None:
        if not self.examined.done():
            self.examined.set_result(examined)
