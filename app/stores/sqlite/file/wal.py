"""A limit on the size of the WAL file (SQLite's write-ahead log), which grows without end if there is always a read in
progress.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from app.stores.sqlite.file.connections import BUSY_MS

WAL_BYTES = 64 * 1024 * 1024  # SQLite starts its WAL file anew at 4 MB, unless reads overlap without end
WAL_WAIT_MS = 100  # how long appends may stand still for reads to end, at most once a second


class WalLimit:
    """A size limit for the WAL file of a log (SQLite's write-ahead log). The size is checked at most once a second."""

    def __init__(self, path: Path) -> None:
        self._wal = Path(f"{path.resolve()}-wal")
        self._looked_at = -1.0

    def shorten(self, connection: sqlite3.Connection) -> None:
        """Empty the WAL file if it is larger than the limit. If reads in progress prevent this, a later call tries again."""
        if time.monotonic() < self._looked_at + 1:
            return
        self._looked_at = time.monotonic()
        with suppress(OSError, sqlite3.Error):  # nothing is lost, and if writing fails the next commit reports it
            if self._wal.stat().st_size < WAL_BYTES:
                return
            connection.execute(f"PRAGMA busy_timeout = {WAL_WAIT_MS}")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with suppress(sqlite3.Error):
            connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
