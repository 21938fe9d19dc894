"""Connections to the file of a SQLite log.

This SQLite may be one that corrupts a WAL file which two connections write or checkpoint at once (all before 3.51.3). So one
process has the file, one connection of it writes and checkpoints, and readers can do neither.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

BUSY_MS = 5_000  # how long to wait for a backup, or for an administrator's shell, that holds the file


def connect_writer(path: Path, vfs: str = "unix") -> sqlite3.Connection:
    """Open the only connection that may write; a commit on it returns when it is on disk. Raises sqlite3.Error."""
    connection = _connect(path, "rwc", vfs)
    try:
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_reader(path: Path, vfs: str = "unix") -> sqlite3.Connection:
    """Open a connection that can neither write nor checkpoint. Raises sqlite3.Error."""
    return _connect(path, "ro", vfs)


def _connect(path: Path, mode: str, vfs: str) -> sqlite3.Connection:
    # No isolation level: transactions begin and end where this package says so, not where the driver guesses.
    uri = f"{path.resolve().as_uri()}?mode={mode}&vfs={vfs}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
