"""Connections to the database file of a SQLite log.

SQLite before version 3.51.3 can corrupt a WAL file (its write-ahead log) if two connections write to it or checkpoint it at
the same time. So only one process opens the file as a writer, one connection of this process writes and checkpoints, and all
other connections can do neither.

`psow=0`: SQLite must not assume that a sector keeps its old bytes if the power fails while the sector is being overwritten
(https://www.sqlite.org/psow.html). SQLite then fills the sector of each commit, so that the next commit begins in a new sector.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

BUSY_MS = 5_000  # how long to wait for a backup, or for an administrator's shell, that holds the file


def connect_writer(path: Path, vfs: str = "unix") -> sqlite3.Connection:
    """Return the only connection that may write to the log. A transaction is on disk when its commit returns. Raises
    sqlite3.Error.
    """
    connection = _connect(path, "rwc", vfs)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # it hides that a sync failed; see `wal.py`
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_cache_writer(path: Path, vfs: str = "unix") -> sqlite3.Connection:
    """Return the only connection that may write to a copy of a log. Raises sqlite3.Error.

    A commit waits for no sync: the database is synced when pages of the WAL file (SQLite's write-ahead log) are copied into it.
    So a power cut may take the newest transactions, and leaves an intact copy of an earlier time.
    """
    connection = _connect(path, "rwc", vfs)
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_reader(path: Path, vfs: str = "unix") -> sqlite3.Connection:
    """Return a connection that can only read: it can neither write nor checkpoint the WAL file (SQLite's write-ahead log).
    Raises sqlite3.Error.
    """
    return _connect(path, "ro", vfs)


def connect_observer(path: Path) -> sqlite3.Connection:
    """Return a connection that reads a log, `-wal` file included, and leaves every file as it is, also when it is closed.

    It needs no shared memory file, so it works on a full disk. The caller holds the lock of the log (`FileLock`), because
    SQLite takes no locks with the VFS "unix-none". Raises sqlite3.Error.
    """
    connection = _connect(path, "ro", "unix-none")
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # so SQLite keeps the index of the WAL file in its own memory
    return connection


def connect_without_wal(path: Path) -> sqlite3.Connection:
    """Return a connection that reads the database file alone, and leaves the files beside it as they are. Raises sqlite3.Error.

    It may find an older state of the log, or, if a crash interrupted a checkpoint, a mixture of two states.
    """
    return _connect(path, "ro", "unix-none", "&immutable=1")


def _connect(path: Path, mode: str, vfs: str, options: str = "") -> sqlite3.Connection:
    # No isolation level: transactions begin and end where this package says so, not where the driver guesses.
    uri = f"{path.resolve().as_uri()}?mode={mode}&vfs={vfs}&psow=0{options}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
