"""A store in one SQLite file: once `append` has returned, its events survive `kill -9` and power cuts.

    append ─→ Writer ─→ Transactions.commit: fsync ─→ on_commit ─→ append returns
    read   ─→ Readers ─→ read_page

The event loop is never blocked: one thread writes, and a few threads read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from app.events.errors import StoreUnavailable
from app.events.event import Event
from app.events.filter import Filter
from app.events.log.event_store import Appended, Commit, Counted, Opened, Page
from app.events.log.write_health import DiskUse, WriteHealth
from app.stores.local.retention import Retention
from app.stores.sqlite.deletion import Deletion
from app.stores.sqlite.file.open_file import open_file
from app.stores.sqlite.file.place import disk_use_at
from app.stores.sqlite.reading.block_search import BlockSearch
from app.stores.sqlite.reading.counts import BlockCounts, count_events
from app.stores.sqlite.reading.pages import offset_before, read_page
from app.stores.sqlite.reading.readers import Readers
from app.stores.sqlite.transactions import Outcome, Transactions
from app.stores.sqlite.writer import Request, Writer


class SqliteStore:
    """A log in one SQLite file that keeps the newest `retain_events` events, but no event older than `retain_seconds`; None
    means no limit.
    """

    def __init__(self, path: Path, retain_events: int | None = None, retain_seconds: float | None = None) -> None:
        self._path = path
        self._retain_events = retain_events
        self._retain_seconds = retain_seconds
        self.write_health = WriteHealth()
        self._is_open = False

    async def open(self, on_commit: Callable[[Commit], None]) -> Opened:
        self._on_commit = on_commit
        self._loop = asyncio.get_running_loop()
        self._file = await asyncio.to_thread(open_file, self._path)
        opened = self._file.opened
        self._head = opened.head
        deletion = Deletion(Retention(self._retain_events, self._retain_seconds), opened.floor, opened.head)
        transactions = Transactions(self._file, deletion)
        self._readers = Readers(self._path, self._file.lock, self._file.vfs)
        self._search = BlockSearch()
        self._counts = BlockCounts()
        self._writer = Writer(
            transactions,
            self._hand_over,
            self.write_health,
            self.disk_use,
            checks_ages=self._retain_seconds is not None,
        )
        self._writer.start()
        self._is_open = True
        return opened

    async def sync(self) -> None:
        """Return at once: only this process writes the log."""

    async def append(self, events: Sequence[Event]) -> list[Appended]:
        self._require_open()
        appended: asyncio.Future[list[Appended]] = self._loop.create_future()
        self._writer.submit(Request(events, appended))
        return await appended

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        self._require_open()
        through = min(through, self._head)
        query = partial(read_page, search=self._search, after=after, through=through, filter=filter, limit=limit)
        return await self._readers.run(query)

    async def count(self, after: int, through: int, filter: Filter, interval_us: int) -> Counted:
        self._require_open()
        query = partial(count_events, search=self._search, known=self._counts, filter=filter, interval_us=interval_us)
        return await self._readers.run_long(partial(query, after=after, through=min(through, self._head)))

    async def offset_before(self, stored_at_us: int) -> int:
        self._require_open()
        return await self._readers.run(partial(offset_before, stored_at_us=stored_at_us))

    def disk_use(self) -> DiskUse | None:
        return disk_use_at(self._path)

    def check(self) -> None:
        self._require_open()
        if not self._file.lock.is_in_place():
            raise StoreUnavailable("The log is not in its place; try again later.")

    async def close(self) -> None:
        if self._is_open:
            self._is_open = False
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        # Readers first: the last connection to close checkpoints, and only the writer's may. The lock last: see `FileLock`.
        self._readers.close()
        self._writer.close()
        self._file.lock.release()

    def _require_open(self) -> None:
        if not self._is_open:
            raise StoreUnavailable("The log is not open.")

    def _hand_over(self, commit: Commit | None, outcomes: Sequence[tuple[Request, Outcome]]) -> None:
        self._loop.call_soon_threadsafe(self._settle, commit, outcomes)

    def _settle(self, commit: Commit | None, outcomes: Sequence[tuple[Request, Outcome]]) -> None:
        if commit is not None:
            self._head = commit.events[-1].offset if commit.events else self._head
            self._on_commit(commit)
        for (_, appended), outcome in outcomes:
            if appended.cancelled():
                continue
            if isinstance(outcome, Exception):
                appended.set_exception(outcome)
            else:
                appended.set_result(outcome)
