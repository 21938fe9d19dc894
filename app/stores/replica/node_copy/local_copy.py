"""A node's own copy of the shared log, in a SQLite file. The node serves its readers from this copy alone.

The copy is a cache: it has nothing that the log does not have. If its file is missing, damaged, or of another program, the node
makes it anew. Nothing of a damaged copy is served, because every event is verified when it is read.

    follower ─→ LocalCopy.add ─→ one thread that writes
    read     ─→ Readers ─→ read_page, count_events, as in a SQLite log
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from app.events.errors import StoreRefused, StoreUnavailable
from app.events.event import EventKey, StoredEvent
from app.events.filter import Filter
from app.events.log.event_store import Commit, Counted, Page
from app.events.log.write_health import DiskUse
from app.events.position import Epochs
from app.stores.replica.node_copy.copy_changes import CopyChanges, CopyState
from app.stores.replica.node_copy.copy_file import open_copy
from app.stores.sqlite.file.look import refusing, usable_vfs
from app.stores.sqlite.file.place import disk_use_at
from app.stores.sqlite.reading.block_search import BlockSearch
from app.stores.sqlite.reading.counts import BlockCounts, count_events
from app.stores.sqlite.reading.pages import offset_before, read_page
from app.stores.sqlite.reading.readers import Readers
from app.stores.sqlite.reading.verified_reads import read_events
from app.stores.sqlite.records import read_newest_block

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class LocalCopy:
    """A copy of the newest part of a shared log: all events from the floor to the head of the copy, without holes.

    All methods run on one event loop, and none of them blocks it. `path`: the path of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state: CopyState | None = None
        self._is_open = False
        self._is_damaged = False

    async def open(self) -> CopyState | None:
        """Open the copy, and return its state; None if there is no copy that can be used: then call `begin`.

        A file that cannot be used is removed, or renamed if it is not a copy, and a line in the server's log says so. Raises
        StoreRefused only if another process uses the file, or no file can be written there.
        """
        await asyncio.to_thread(self._open)
        self._is_open = True
        self._state = self._changes.state
        return self._state

    @property
    def state(self) -> CopyState:
        """The state of the copy; it changes when a call that changes the copy returns. Raises StoreUnavailable if there is no copy
        yet.
        """
        if self._state is None:
            raise StoreUnavailable("There is no copy of the log yet.")
        return self._state

    @property
    def is_usable(self) -> bool:
        """Whether the file is in its place, and no damage was found."""
        return not self._is_damaged and self._lock.is_in_place()

    async def usable_state(self) -> CopyState | None:
        """Return the state of the copy; None if there is no copy that can be used: then call `begin`.

        If damage was found, or the file was moved, the copy is opened again, as `open` does. Running reads end before; until then,
        other calls raise StoreUnavailable. Raises StoreUnavailable if another process uses the file, or no file can be written there.
        """
        if self._is_open and not self.is_usable:
            await self.close()
        if not self._is_open:
            try:
                await self.open()
            except StoreRefused as error:
                logger.warning("The copy of the log cannot be made anew: %s", error)
                raise StoreUnavailable(str(error)) from None
        return self._state

    async def begin(self, epochs: Epochs, deleted_through: int, id_key: bytes) -> CopyState:
        """Make the copy anew, without events, and return its state. Running reads end before.

        `epochs`: the epochs of the log. `deleted_through`: the offset of its newest deleted event, 0 if none was deleted; the first
        event to add is the next one. `id_key`: the key of its opaque ids. Raises StoreUnavailable if the copy cannot be written.
        """
        return await self._write(partial(self._rewrite, partial(self._changes.begin, epochs, deleted_through, id_key)))

    async def add(
        self, events: Sequence[StoredEvent], epochs: Epochs | None = None, deleted_through: int = 0
    ) -> Commit:
        """Add events of the log, and delete events that the log has deleted, in one transaction. Returns the commit to report.

        The first event must follow the head of the copy, or, if the log has deleted events that the copy does not have yet, the
        event at `deleted_through`. If `deleted_through` is not below the head, the copy is then empty. `epochs`: all epochs of
        the log, if they have changed. An event gets the storing time of the event before it if its own is earlier.

        Some 1,000 events in a call are stored fastest. Raises StoreUnavailable if the copy cannot be written; it is then
        unchanged, and the call can be repeated. A call must not be cancelled: the events could then be added unreported.
        """
        return await self._write(partial(self._changes.add, events, epochs, deleted_through))

    async def cut(self, after: int) -> CopyState:
        """Remove the events after an offset, because the log has lost them, and return the state. Running reads end before.

        `after` must be between the floor and the head of the copy; a copy whose floor is beyond the log must be made anew
        (`begin`). Raises StoreUnavailable if the copy cannot be written.
        """
        return await self._write(partial(self._rewrite, partial(self._changes.cut, after)))

    async def index(self) -> None:
        """Prepare the copy for `find`: make the index of event ids, if there is none. Call it once the copy is filled.

        It takes some seconds for a million events, in which nothing can be added. Raises StoreUnavailable if the copy cannot be
        written.
        """
        if not self._changes.is_indexed:
            await self._write(self._changes.index)

    async def find(self, keys: Sequence[EventKey]) -> dict[EventKey, StoredEvent]:
        """Return the events that have the given owners and event ids; the newest if there are several with one key.

        Makes the index first if there is none, see `index`. Raises StoreUnavailable if the copy cannot be read.
        """
        await self.index()
        return await self._read(partial(_find, keys=keys))

    async def read(self, after: int, through: int, filter: Filter, limit: int) -> Page:
        """Return a page of matching events, as `EventStore.read` does."""
        return await self._read(partial(self._page, after=after, through=through, filter=filter, limit=limit))

    async def count(self, after: int, through: int, filter: Filter, interval_us: int) -> Counted:
        """Count matching events by interval and type, as `EventStore.count` does."""
        self._require_open()
        query = partial(self._count, after=after, through=through, filter=filter, interval_us=interval_us)
        return await self._readers.run_long(query)

    async def offset_before(self, stored_at_us: int) -> int:
        """Return the offset just before the first event that was stored at or after a time, as `EventStore.offset_before` does."""
        return await self._read(partial(offset_before, stored_at_us=stored_at_us))

    def disk_use(self) -> DiskUse | None:
        """Return how much of the disk the copy takes; None if this cannot be found out."""
        return disk_use_at(self._path)

    def check(self) -> None:
        """Raise StoreUnavailable if the copy is not open, is known to be damaged, or its file was moved."""
        self._require_open()
        if not self.is_usable:
            raise StoreUnavailable("The copy of the log is damaged or not in its place.")

    async def close(self) -> None:
        if self._is_open:
            self._is_open = False
            await asyncio.to_thread(self._close)

    def _open(self) -> None:
        self._lock, found = open_copy(self._path)
        try:
            with refusing(self._path):
                vfs = usable_vfs(self._path)
            self._changes = CopyChanges(self._path, self._lock, vfs, found, self._give_up)
        except BaseException:
            self._lock.release()
            raise
        self._readers = Readers(self._path, self._lock, vfs, self._give_up)
        self._search = BlockSearch()
        self._counts = BlockCounts()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="copy-writer")
        self._is_damaged = False

    def _close(self) -> None:
        self._writer.shutdown()  # first: a change may hold the readers up
        self._readers.close()
        self._changes.close()  # after the readers: the last connection to close checkpoints, and only the writer's may
        self._lock.release()

    def _require_open(self) -> None:
        if not self._is_open:
            raise StoreUnavailable("The copy of the log is not open.")

    async def _write(self, change: Callable[[], Result]) -> Result:
        """Make a change on the thread that writes."""
        self._require_open()
        running = asyncio.get_running_loop().run_in_executor(self._writer, lambda: (change(), self._changes.state))
        result, self._state = await running
        return result

    def _rewrite(self, change: Callable[[], Result]) -> Result:
        """Make a change that alters or removes events. No query runs meanwhile: it could remember what it found."""
        with self._readers.held_up():
            self._search = BlockSearch()
            self._counts = BlockCounts()
            return change()

    async def _read(self, query: Callable[[sqlite3.Connection], Result]) -> Result:
        self._require_open()
        return await self._readers.run(query)

    def _page(self, connection: sqlite3.Connection, *, after: int, through: int, filter: Filter, limit: int) -> Page:
        """Read a page on a thread. The copy may have been cut since the page was asked for."""
        through = min(through, self._changes.required_state().head)
        return read_page(connection, self._search, after=after, through=through, filter=filter, limit=limit)

    def _count(
        self, connection: sqlite3.Connection, *, after: int, through: int, filter: Filter, interval_us: int
    ) -> Counted:
        """Count events on a thread. The copy may have been cut since they were to be counted."""
        through = min(through, self._changes.required_state().head)
        query = partial(count_events, connection, self._search, self._counts, filter=filter, interval_us=interval_us)
        return query(after=after, through=through)

    def _give_up(self) -> None:
        """Remove the file, which is damaged, so that the copy is made anew when it is opened again."""
        if not self._is_damaged and self._lock.is_in_place():
            logger.error("The copy %s of the log is damaged; this node makes it anew.", self._path)
            self._path.resolve().unlink(missing_ok=True)
        self._is_damaged = True


def _find(connection: sqlite3.Connection, keys: Sequence[EventKey]) -> dict[EventKey, StoredEvent]:
    return read_events(connection, keys, read_newest_block(connection).newest)
