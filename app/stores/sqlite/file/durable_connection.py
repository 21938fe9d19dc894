"""The connection that writes to a log, on a disk whose syncs may fail.

After a sync has failed, no transaction may follow until the log was written again; `wal.py` says why. A new connection begins as
if a sync had failed, because one may have failed in the server before, or when another connection was closed.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from app.stores.sqlite.errors import NotSynced, Unfit
from app.stores.sqlite.file.connections import connect_reader, connect_writer
from app.stores.sqlite.file.lock import FileLock
from app.stores.sqlite.file.look import error_code
from app.stores.sqlite.file.wal import Wal

logger = logging.getLogger(__name__)


class DurableConnection:
    """The only connection that may write to a log. A transaction is on disk when it has ended without an error.

    `path`: the path of the log. `lock`: its lock. `vfs`: the SQLite VFS (file access layer) to use.
    """

    def __init__(self, path: Path, lock: FileLock, vfs: str) -> None:
        self._path = path
        self._vfs = vfs
        self._wal = Wal(path, lock)
        self._is_synced = False
        self.connection = connect_writer(path, vfs)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run the body of a `with` statement in a transaction. If a sync failed before, the log is written again first.

        Raises NotSynced if a read in progress prevents that, FileMoved, OSError, sqlite3.Error.
        """
        self._require_synced()
        with self._noting_failed_sync(), self.connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection

    def shorten_wal(self) -> None:
        """Copy the WAL file (SQLite's write-ahead log) into the database if it is long."""
        if self._is_synced:
            with suppress(OSError, sqlite3.Error), self._noting_failed_sync():  # the WAL file has what was acknowledged
                self._wal.keep_short(self.connection)

    def works(self) -> bool:
        """Return whether the connection can read, and has ended its transaction."""
        try:
            self.connection.execute("SELECT offset FROM floor").fetchone()
        except sqlite3.Error:
            return False
        return not self.connection.in_transaction

    def reconnect(self) -> None:
        """Replace the connection by a new connection. Raises sqlite3.Error."""
        self._is_synced = False
        self.disconnect()
        self.connection = connect_writer(self._path, self._vfs)

    def close(self) -> None:
        """Write the log again if a sync failed before, then close the connection."""
        with suppress(OSError, sqlite3.Error, Unfit):
            self._require_synced()
        self.disconnect()

    def disconnect(self) -> None:
        """Close the connection. If a sync failed, the WAL file (SQLite's write-ahead log) is kept, because the log is written
        again from it; SQLite would delete it with the last connection.
        """
        if not self._is_synced:
            with suppress(sqlite3.Error), closing(connect_reader(self._path, self._vfs)) as last:
                last.execute("SELECT count(*) FROM sqlite_schema").fetchone()
                self.connection.close()
        self.connection.close()

    def _require_synced(self) -> None:
        if self._is_synced:
            return
        if not self._wal.start_anew(self.connection):
            raise NotSynced
        self._is_synced = True

    @contextmanager
    def _noting_failed_sync(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if _may_be_failed_sync(error):
                self._is_synced = False
                logger.warning("The log could not be synced (%s); it is written again before anything follows.", error)
            raise


def _may_be_failed_sync(error: sqlite3.Error) -> bool:
    """Return whether an error can mean that a sync failed. A failed write does not: SQLite does not count its bytes as written."""
    return error_code(error) == sqlite3.SQLITE_IOERR and error.sqlite_errorcode != sqlite3.SQLITE_IOERR_WRITE
