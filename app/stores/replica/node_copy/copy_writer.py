"""The connection that writes to a node's copy of a shared log. After a failed change it is replaced."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.events.errors import StoreUnavailable
from app.stores.replica.node_copy.copy_file import connect
from app.stores.sqlite.errors import Damaged, Unfit
from app.stores.sqlite.event_blocks import Block
from app.stores.sqlite.file.lock import FileLock
from app.stores.sqlite.file.look import means_damage
from app.stores.sqlite.file.wal import Wal
from app.stores.sqlite.records import read_newest_block

COPIED_AFTER_ROWS = 20_000  # written to tables: many of them change the same pages

logger = logging.getLogger(__name__)


class CopyWriter:
    """The only connection that may write to a copy.

    `path`: the path of the copy. `lock`: its lock. `vfs`: the SQLite VFS (file access layer) to use. `on_damage`: called if a change
    finds damage. Raises StoreRefused, sqlite3.Error if the copy cannot be opened for writing.
    """

    def __init__(self, path: Path, lock: FileLock, vfs: str, on_damage: Callable[[], None]) -> None:
        self._path = path
        self._lock = lock
        self._vfs = vfs
        self._wal = Wal(path, lock, COPIED_AFTER_ROWS)
        self._on_damage = on_damage
        self._is_failing = False
        self._connection: sqlite3.Connection | None = connect(path, vfs)

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection; a new one if the last change failed. Raises FileMoved, sqlite3.Error."""
        if self._connection is None:
            self._lock.require_in_place()
            self._connection = connect(self._path, self._vfs)
        return self._connection

    @contextmanager
    def changing(self, expected: Block | None) -> Iterator[sqlite3.Connection]:
        """Provide the connection for a change, and copy the WAL file (SQLite's write-ahead log) into the database if it is long.

        `expected`: the newest block (record that describes up to 256 events) before the change; None if it does not matter.
        Raises StoreUnavailable if the change fails; the first failure, and the end of the failures, are logged.
        """
        try:
            yield self._as_left(expected)
        except (OSError, sqlite3.Error, Unfit, UnicodeDecodeError) as error:
            self.close()
            self._note_failure(error)
            raise StoreUnavailable("The copy of the log cannot be written now; try again later.") from error
        self._note_success()
        with suppress(OSError, sqlite3.Error):  # the WAL file has what was written
            self._wal.keep_short(self.connection)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _as_left(self, expected: Block | None) -> sqlite3.Connection:
        is_new = self._connection is None
        if is_new and expected is not None and read_newest_block(self.connection) != expected:
            raise Damaged("the file is not as this process left it")
        return self.connection

    def _note_failure(self, error: Exception) -> None:
        if not self._is_failing:
            logger.error("The copy %s of the log cannot be written: %s.", self._path, error)
        self._is_failing = True
        if means_damage(error):
            self._on_damage()

    def _note_success(self) -> None:
        if self._is_failing:
            logger.warning("The copy %s of the log can be written again.", self._path)
        self._is_failing = False
