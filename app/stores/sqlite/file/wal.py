"""The WAL file of a log (SQLite's write-ahead log): its pages are copied into the database, so that the file can start anew.

SQLite would copy them by itself after a commit, and hide that a sync failed. But then nothing may continue as before: Linux marks
pages that it could not write as clean, and the next sync succeeds without them (https://wiki.postgresql.org/wiki/Fsync_Errors).
SQLite relies on a later sync for two kinds of bytes:

- The padding behind a commit (see `psow` in `connections.py`) ends in the sector after the ones that the commit syncs, and the
  next commit begins there. If the next sync fails, every later commit is behind a hole, where no start finds it.
- Pages that are copied while a read in progress prevents copying all of them are not synced, and not copied again.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from app.stores.sqlite.file.connections import BUSY_MS
from app.stores.sqlite.file.lock import FileLock

COPIED_AFTER_ROWS = 1_000  # written to tables; as a rule some hundred commits, and up to 8 MB in the WAL file
WAL_BYTES = 64 * 1024 * 1024  # the WAL file starts anew long before, unless reads overlap without end
WAL_WAIT_MS = 100  # how long appends may stand still for reads to end, at most once a second

# https://www.sqlite.org/fileformat2.html#walformat
_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24


class Wal:
    """The WAL file of a log.

    `path`: the path of the log. `lock`: the lock of the log, which has its database file open. `copied_after_rows`: how many rows
    are written to tables before the pages are copied.
    """

    def __init__(self, path: Path, lock: FileLock, copied_after_rows: int = COPIED_AFTER_ROWS) -> None:
        self._path = Path(f"{path.resolve()}-wal")
        self._lock = lock
        self._copied_after_rows = copied_after_rows
        self._copied_at = 0
        self._looked_at = -1.0
        self._unsynced_frames = 0  # from the beginning of the file: copied into the database, which was not synced

    def keep_short(self, connection: sqlite3.Connection) -> None:
        """Copy the pages into the database if there are many, and empty the file if it is too large. If reads in progress prevent
        this, a later call tries again. Raises OSError, sqlite3.Error.
        """
        if self._is_too_large():
            connection.execute(f"PRAGMA busy_timeout = {WAL_WAIT_MS}")
            try:
                self._copy(connection, "TRUNCATE")
            finally:
                connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        elif connection.total_changes - self._copied_at >= self._copied_after_rows:
            self._copy(connection, "PASSIVE")

    def start_anew(self, connection: sqlite3.Connection) -> bool:
        """Copy all pages into the database, sync it, and empty the file, so that nothing depends on a sync that failed before.

        Returns False if reads in progress prevent this. Raises FileMoved, OSError, sqlite3.Error.
        """
        self._lock.require_in_place()
        if self._unsynced_frames:
            self._lock.overwrite(self._copied_pages())
        return self._copy(connection, "TRUNCATE")

    def _copy(self, connection: sqlite3.Connection, mode: str) -> bool:
        self._copied_at = connection.total_changes
        [(is_busy, frames, copied)] = connection.execute(f"PRAGMA wal_checkpoint({mode})")
        if frames >= 0:
            self._unsynced_frames = copied if copied < frames else 0
        return not is_busy

    def _copied_pages(self) -> Iterator[tuple[int, bytes]]:
        """Yield the pages that are in the database and may not be synced: for each page, its place there and its bytes."""
        newest: dict[int, int] = {}
        with self._path.open("rb", buffering=0) as file:
            page_bytes = int.from_bytes(os.pread(file.fileno(), _HEADER_BYTES, 0)[8:12], "big")
            for frame in range(self._unsynced_frames):
                place = _HEADER_BYTES + frame * (_FRAME_HEADER_BYTES + page_bytes)
                number = int.from_bytes(os.pread(file.fileno(), 4, place), "big")
                newest[number] = place + _FRAME_HEADER_BYTES
            for number, place in newest.items():
                yield (number - 1) * page_bytes, os.pread(file.fileno(), page_bytes, place)

    def _is_too_large(self) -> bool:
        """Return whether the file is larger than the limit, at most once a second."""
        if time.monotonic() < self._looked_at + 1:
            return False
        self._looked_at = time.monotonic()
        return self._path.stat().st_size >= WAL_BYTES
