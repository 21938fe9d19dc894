"""The file of a SQLite log: who may open it, and how it is laid out.

This SQLite may be one that corrupts a WAL file which two connections write or checkpoint at once (all before 3.51.3). So one
process has the file, one connection of it writes and checkpoints, and readers can do neither.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from app.events.errors import StoreRefused
from app.events.log.event_store import Opened
from app.events.position import Epochs, new_epoch
from app.stores.sqlite.queries import read_epochs, read_floor, read_newest

APPLICATION_ID = 0x4F724576  # "OrEv", in the header of the file
FORMAT = 1
MAGIC = b"SQLite format 3\0"

BUSY_MS = 5_000  # how long to wait for a backup, or for an administrator's shell, that holds the file

LAYOUT = """
CREATE TABLE events (
    offset INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL,
    event_type TEXT NOT NULL,
    schema_version TEXT NOT NULL,
    event_id TEXT NOT NULL UNIQUE,
    order_id TEXT,
    stored_at_us INTEGER NOT NULL,
    data TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_order ON events (order_id, offset);
CREATE TABLE epochs (start INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first_offset INTEGER NOT NULL) STRICT;
CREATE TABLE floor (offset INTEGER NOT NULL, stored_at_us INTEGER NOT NULL) STRICT;
INSERT INTO floor VALUES (0, 0);
"""


class LogFile(NamedTuple):
    """A log that this process alone has open: what was found, the writing connection, and the lock to close after it."""

    opened: Opened
    connection: sqlite3.Connection
    lock: int


def open_file(path: Path) -> LogFile:
    """Open a log or make a new one, and begin an epoch. Raises StoreRefused."""
    try:
        with ExitStack() as undo:
            _require_place(path)
            lock = _lock(path)
            undo.callback(os.close, lock)
            _require_database(path)
            connection = connect_writer(path)
            undo.callback(connection.close)
            _lay_out(path, connection)
            opened = _begin_epoch(connection)
            undo.pop_all()
            return LogFile(opened, connection, lock)
    except OSError as error:
        raise StoreRefused(f"The store {str(path)!r} cannot be opened: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise StoreRefused(f"The store {str(path)!r} cannot be opened: {error}.") from error


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open the only connection that may write; a commit on it returns when it is on disk. Raises sqlite3.Error."""
    connection = _connect(path, "rwc")
    try:
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open a connection that can neither write nor checkpoint. Raises sqlite3.Error."""
    return _connect(path, "ro")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # No isolation level: transactions begin and end where this package says so, not where the driver guesses.
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)


def _require_place(path: Path) -> None:
    if not path.parent.is_dir():
        raise StoreRefused(f"The store {str(path)!r} cannot be opened: its folder does not exist.")
    if path.exists() and not path.is_file():
        raise StoreRefused(f"The store {str(path)!r} is not a file.")


def _lock(path: Path) -> int:
    # A file of its own, for closing any descriptor of the log would drop the locks that SQLite holds on it (POSIX fcntl).
    lock = os.open(f"{path.resolve()}.lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        if isinstance(error, BlockingIOError):
            raise StoreRefused(f"The store {str(path)!r} is in use by another process.") from None
        raise
    return lock


def _require_database(path: Path) -> None:
    # SQLite takes a file that is shorter than a page for an empty database, and would write over it.
    if not path.exists():
        return
    with path.open("rb") as file:
        if file.read(len(MAGIC)) not in {b"", MAGIC}:
            raise StoreRefused(f"The store {str(path)!r} is not a database.")


def _lay_out(path: Path, connection: sqlite3.Connection) -> None:
    [(application_id,)] = connection.execute("PRAGMA application_id")
    [(version,)] = connection.execute("PRAGMA user_version")
    [(tables,)] = connection.execute("SELECT count(*) FROM sqlite_schema")
    new = application_id == 0 and tables == 0
    if not new and application_id != APPLICATION_ID:
        raise StoreRefused(f"The store {str(path)!r} is a database of another application.")
    if version > FORMAT:
        raise StoreRefused(f"The store {str(path)!r} has format {version}; this version knows none beyond {FORMAT}.")
    [(mode,)] = connection.execute("PRAGMA journal_mode = WAL")
    if mode != "wal":
        raise StoreRefused(f"The store {str(path)!r} cannot be opened: its file system does not allow a WAL.")
    if new:
        marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};"
        connection.executescript(f"BEGIN IMMEDIATE; {LAYOUT} {marks} COMMIT;")


def _begin_epoch(connection: sqlite3.Connection) -> Opened:
    newest = read_newest(connection)
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO epochs (name, first_offset) VALUES (?, ?)", new_epoch(newest.offset + 1))
    return Opened(Epochs(read_epochs(connection)), newest.offset, read_floor(connection))
