"""A store in memory. Its events are lost when the process ends. The tests compare every other store with this store."""

from __future__ import annotations

import asyncio
import secrets
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence

from app.events.errors import StoreUnavailable
from app.events.event import Event, EventKey, StoredEvent
from app.events.filter import Filter
from app.events.log.event_store import ID_KEY_BYTES, Appended, BelowFloor, Commit, Counted, Opened, Page
from app.events.log.write_health import WriteHealth
from app.events.position import Epoch, Epochs, Floor, new_epoch
from app.stores.local.offsets import assign_or_find, new_events, next_stored_at_us
from app.stores.local.retention import CHECK_SECONDS, Retention

EXAMINED_PER_READ = 10_000  # a read runs on the event loop: some milliseconds, then others must have their turn


class MemoryStore:
    """A log in memory that keeps the newest `retain_events` events, but no event older than `retain_seconds` (None means no
    such limit).
    """

    def __init__(self, retain_events: int = 100_000, retain_seconds: float | None = None) -> None:
        self._retention = Retention(retain_events, retain_seconds)
        self._id_key = secrets.token_bytes(ID_KEY_BYTES)
        self._epochs: list[Epoch] = []
        self._events: dict[int, StoredEvent] = {}
        self._by_key: dict[EventKey, StoredEvent] = {}
        self._head = 0
        self._stored_at_us = 0
        self._floor = Floor(0, 0)
        self._on_commit: Callable[[Commit], None] | None = None
        self.write_health = WriteHealth()  # a write to memory does not fail
        self._next_check: asyncio.TimerHandle | None = None

    async def open(self, on_commit: Callable[[Commit], None]) -> Opened:
        self._on_commit = on_commit
        self._epochs.append(new_epoch(self._head + 1))
        if self._retention.by_age:
            self._check_ages_later()
        return Opened(Epochs(self._epochs), self._head, self._floor, self._id_key)

    async def sync(self) -> None:
        """Return at once: only this process writes the log."""

    async def append(self, events: Sequence[Event]) -> list[Appended]:
        if self._on_commit is None:
            raise StoreUnavailable("The log is not open.")
        stored_at_us = next_stored_at_us(self._stored_at_us)
        appended = assign_or_find(events, self._head, self._epochs[-1].name, stored_at_us, self._by_key.get)
        new = new_events(appended)
        if new:
            self._store(new)
            self._delete_through(self._retention.surplus(self._head))
            self._on_commit(Commit(new, self._floor))
        return appended

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        if after < self._floor.offset:
            raise BelowFloor(self._floor)
        through = max(after, min(through, self._head, after + EXAMINED_PER_READ))
        found: list[StoredEvent] = []
        for offset in range(after + 1, through + 1):
            event = self._events[offset]
            if filter.matches(event):
                found.append(event)
            if len(found) == limit:
                return Page(found, offset)
        return Page(found, through)

    async def count(self, after: int, through: int, filter: Filter, interval_us: int) -> Counted:
        page = await self.read(after, through, filter, EXAMINED_PER_READ)
        await asyncio.sleep(0)
        counts = Counter((event.stored_at_us // interval_us, event.event_type) for event in page.events)
        return Counted(counts, page.through)

    async def offset_before(self, stored_at_us: int) -> int:
        return self._offset_before(stored_at_us)

    def disk_use(self) -> None:
        """Return None: this log is not on a disk."""

    def check(self) -> None:
        if self._on_commit is None:
            raise StoreUnavailable("The log is not open.")

    async def close(self) -> None:
        self._on_commit = None
        if self._next_check is not None:
            self._next_check.cancel()

    def _store(self, new: Sequence[StoredEvent]) -> None:
        self._events.update((event.offset, event) for event in new)
        self._by_key.update(((event.owner, event.event_id), event) for event in new)
        self._head = new[-1].offset
        self._stored_at_us = new[-1].stored_at_us
        self._retention.note(self._head)

    def _delete_through(self, offset: int) -> None:
        for deleted in range(self._floor.offset + 1, offset + 1):
            event = self._events.pop(deleted)
            del self._by_key[event.owner, event.event_id]
            self._floor = Floor(event.offset, event.stored_at_us)

    def _offset_before(self, stored_at_us: int) -> int:
        offsets = range(self._floor.offset + 1, self._head + 1)
        return self._floor.offset + bisect_left(offsets, stored_at_us, key=lambda at: self._events[at].stored_at_us)

    def _check_ages_later(self) -> None:
        self._next_check = asyncio.get_running_loop().call_later(CHECK_SECONDS, self._check_ages)

    def _check_ages(self) -> None:
        floor = self._floor
        self._retention.note(self._head)
        self._delete_through(self._retention.expired().offset)
        if self._on_commit is not None and self._floor != floor:
            self._on_commit(Commit((), self._floor))
        self._check_ages_later()
