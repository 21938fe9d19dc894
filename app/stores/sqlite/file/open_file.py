"""Opening a log at a start: lock it, let SQLite recover what it can, bring it to the present format, and look at it.

SQLite reads first and the file is judged after it: a database whose first page is destroyed is whole again if its `-wal` file
holds that page.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import NamedTuple

from app.events.errors import StoreRefused
from app.events.log.event_store import Opened
from app.events.position import Epoch, Epochs, new_epoch
from app.stores.sqlite.blocks import Block
from app.stores.sqlite.errors import Damaged
from app.stores.sqlite.file.connections import connect_reader, connect_writer
from app.stores.sqlite.file.format import APPLICATION_ID, FORMAT, lay_out, upgrade
from app.stores.sqlite.file.inspection import count_events, inspect, missing_events, walk
from app.stores.sqlite.file.lock import FileLock, refuse_links
from app.stores.sqlite.file.mark import Mark, MarkFile
from app.stores.sqlite.records import add_epochs

MAGIC = b"SQLite format 3\0"

_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_ADVICE = "Restore a backup (orders-events restore), or move it and the files beside it away to begin a new log."

logger = logging.getLogger(__name__)


class LogFile(NamedTuple):
    """A log that this process alone has open.

    `epoch` is that of this start, which is among the `recorded` ones unless the disk was full. `newest` is the block of the newest
    event. `vfs`: how connections must open the file.
    """

    opened: Opened
    recorded: list[Epoch]
    epoch: Epoch
    newest: Block
    newest_stored_at_us: int
    connection: sqlite3.Connection
    lock: FileLock
    mark: MarkFile
    vfs: str


def open_file(path: Path) -> LogFile:
    """Open a log or make a new one, and begin an epoch. Raises StoreRefused."""
    try:
        with ExitStack() as undo:
            wal_bytes = _require_place(path)
            lock = FileLock(path)
            undo.callback(lock.give_up)
            _require_database(path, lock, wal_bytes)
            vfs = _usable_vfs(path)
            _look(path, vfs, lock, wal_bytes)
            connection = connect_writer(path, vfs)
            undo.callback(connection.close)
            version = _bring_to_format(path, connection)
            file = _begin(path, connection, lock, vfs, expects_mark=version == FORMAT)
            undo.pop_all()
            return file
    except Damaged as error:
        raise StoreRefused(f"The store {str(path)!r} is damaged: {error}. {_ADVICE}") from error
    except OSError as error:
        raise StoreRefused(f"The store {str(path)!r} cannot be opened: {error.strerror}.") from error
    except sqlite3.Error as error:
        advice = f" {_ADVICE}" if _code(error) in _BROKEN else ""
        raise StoreRefused(f"The store {str(path)!r} cannot be opened: {error}.{advice}") from error


def _require_place(path: Path) -> int:
    """Refuse what cannot be a log before anything is made beside it; return the size of the `-wal` file."""
    if not path.parent.is_dir():
        raise StoreRefused(f"The store {str(path)!r} cannot be opened: its folder does not exist.")
    if path.exists() and not path.is_file():
        raise StoreRefused(f"The store {str(path)!r} is not a file.")
    refuse_links(path)
    wal = Path(f"{path.resolve()}-wal")
    wal_bytes = wal.stat().st_size if wal.exists() else 0
    if wal_bytes and not (path.exists() and path.stat().st_size):  # SQLite would delete the file, and begin a new log
        raise StoreRefused(
            f"The store {str(path)!r} is missing or empty, but {str(wal)!r} holds {wal_bytes} bytes of it. {_ADVICE}"
        )
    return wal_bytes


def _require_database(path: Path, lock: FileLock, wal_bytes: int) -> None:
    # SQLite takes a file that is shorter than a page for an empty database, and would write over it.
    if not wal_bytes and lock.beginning(len(MAGIC)) not in {b"", MAGIC}:
        raise StoreRefused(f"The store {str(path)!r} is not a database.")


def _usable_vfs(path: Path) -> str:
    """Return the way to open the file: on a full disk one that needs no shared memory file, but shuts other processes out."""
    try:
        with closing(connect_reader(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError as error:
        if _code(error) not in _DISK:
            raise
        logger.warning(
            "The disk of the log is full or fails (%s): no other process can read the log in this run.", error
        )
        return "unix-excl"
    return "unix"


def _look(path: Path, vfs: str, lock: FileLock, wal_bytes: int) -> None:
    """Judge the file as SQLite reads it, and change nothing: its last connection to close must not be one that can write."""
    with closing(connect_reader(path) if vfs == "unix" else connect_writer(path, vfs)) as connection:
        version = _format(path, connection)
        if version == 0:
            return
        if wal_bytes:
            walk(connection)
        else:
            _require_size(connection, lock)
        if version == FORMAT:
            found = inspect(connection)
            if wal_bytes:
                count_events(connection, found)


def _format(path: Path, connection: sqlite3.Connection) -> int:
    """Return the format of a log; 0 if the file is empty. Raises StoreRefused if this release cannot read it."""
    [(application_id,)] = connection.execute("PRAGMA application_id")
    [(version,)] = connection.execute("PRAGMA user_version")
    [(tables,)] = connection.execute("SELECT count(*) FROM sqlite_schema")
    if application_id == 0 and tables == 0:
        return 0
    if application_id != APPLICATION_ID:
        raise StoreRefused(f"The store {str(path)!r} is a database of another application.")
    if not 0 < version <= FORMAT:
        raise StoreRefused(f"The store {str(path)!r} has format {version}; this version knows none beyond {FORMAT}.")
    return int(version)


def _require_size(connection: sqlite3.Connection, lock: FileLock) -> None:
    """Compare the size of the file with that in its header, if no part of the log is elsewhere. Raises Damaged."""
    [(pages,)] = connection.execute("PRAGMA page_count")
    [(page_bytes,)] = connection.execute("PRAGMA page_size")
    if lock.size < pages * page_bytes:
        raise Damaged(f"it has {lock.size} bytes, and its header says {pages * page_bytes}")


def _bring_to_format(path: Path, connection: sqlite3.Connection) -> int:
    """Lay out a new log or upgrade an old one; return the format that the file had, 0 if it was new."""
    version = _format(path, connection)
    [(mode,)] = connection.execute("PRAGMA journal_mode = WAL")
    if mode != "wal":
        raise StoreRefused(f"The store {str(path)!r} cannot be opened: its file system does not allow a WAL.")
    if version == 0:
        lay_out(connection)
    elif version < FORMAT:
        logger.info("The log %s has format %d and is brought to format %d.", path, version, FORMAT)
        upgrade(connection, version)
    return version


def _begin(path: Path, connection: sqlite3.Connection, lock: FileLock, vfs: str, *, expects_mark: bool) -> LogFile:
    found, mark_file = inspect(connection), MarkFile(path)
    mark = mark_file.read()
    if mark is None and expects_mark:
        logger.warning(
            "The log %s has no mark (%s), so that it could have lost its end unnoticed.", path, mark_file.path
        )
    _report_missing(path, missing_events(connection, found, mark), mark)
    epoch = new_epoch(found.newest.newest + 1)
    recorded = [*found.epochs, epoch] if _record(connection, epoch) else found.epochs
    if not recorded:
        raise StoreRefused(f"The store {str(path)!r} cannot be opened: the disk is full.")
    opened = Opened(Epochs(recorded), found.newest.newest, found.floor)
    with suppress(OSError):  # the mark then lags behind
        mark_file.write(Mark(opened.epochs.position(opened.head), found.newest.checksum_at(opened.head)), sync=True)
    return LogFile(opened, recorded, epoch, found.newest, found.newest_stored_at_us, connection, lock, mark_file, vfs)


def _report_missing(path: Path, missing: int, mark: Mark | None) -> None:
    if missing and mark is not None:
        logger.error(
            "The end of the log %s is gone: %d events, through %s. Clients that had read further get a gap.",
            path,
            missing,
            mark.position,
        )


def _record(connection: sqlite3.Connection, epoch: Epoch) -> bool:
    """Record the epoch of this start; return False if the disk does not take it now."""
    try:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            add_epochs(connection, [epoch])
    except sqlite3.OperationalError as error:
        if _code(error) not in _DISK:
            raise
        logger.warning("The log cannot be written: %s. It is served to readers.", error)
        return False
    return True


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
