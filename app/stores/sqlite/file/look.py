"""The checks of a log's file at the start of a server, before anything is written to the file.

The file is read through SQLite, not directly, because a database whose first page is destroyed is still complete if the `-wal`
file (SQLite's write-ahead log) contains that page.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from struct import Struct

from app.events.errors import StoreRefused
from app.events.position import Epoch
from app.stores.sqlite.errors import Damaged
from app.stores.sqlite.file.connections import connect_observer, connect_reader, connect_without_wal, connect_writer
from app.stores.sqlite.file.format import APPLICATION_ID, CHECKSUMS_SINCE, FORMAT, show_as_present
from app.stores.sqlite.file.inspection import count_events, inspect, missing_events, require_integrity
from app.stores.sqlite.file.lock import FileLock
from app.stores.sqlite.file.mark import MarkFile
from app.stores.sqlite.file.place import ADVICE
from app.stores.sqlite.records import read_epochs

WAL_HEADER_BYTES = 32
PAGE_BYTES = 4096  # of a new database: more than one page if it has a table
DISK_ERRORS = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}

# https://www.sqlite.org/fileformat2.html#the_rollback_journal
_JOURNAL_HEADER = Struct(">8s8xI")  # magic, and after two other fields the number of pages that the database had before
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")

_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

logger = logging.getLogger(__name__)


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Convert an error in the body of a `with` statement, if it prevents a log from being opened, into a StoreRefused with a
    one-line message.

    A UnicodeDecodeError is raised in place of SQLite's error if damage has made a part of its message illegible.
    """
    try:
        yield
    except (Damaged, UnicodeDecodeError) as error:
        raise StoreRefused(f"The store {str(path)!r} is damaged: {error}. {ADVICE}") from error
    except OSError as error:
        raise StoreRefused(f"The store {str(path)!r} cannot be opened: {error.strerror}.") from error
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_ROLLBACK:
            journal = f"{path.resolve()}-journal"
            raise StoreRefused(
                f"The store {str(path)!r} has an unfinished change in {journal!r}, which no server began. {ADVICE}"
            ) from error
        advice = f" {ADVICE}" if error_code(error) in _BROKEN else ""
        raise StoreRefused(f"The store {str(path)!r} cannot be opened: {error}.{advice}") from error


def error_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code of an error; 0 if the error has no result code."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def means_damage(error: Exception) -> bool:
    """Return whether an error means that stored bytes are damaged, and not that they cannot be read now."""
    return isinstance(error, (Damaged, UnicodeDecodeError)) or (
        isinstance(error, sqlite3.Error) and error_code(error) in _BROKEN
    )


def undo_interrupted_creation(path: Path, lock: FileLock, wal_bytes: int) -> None:
    """Let SQLite undo the first write to a log, if a power cut interrupted it. Raises OSError, sqlite3.Error.

    Only that write goes through a `-journal` file (SQLite's rollback journal), because the database is not yet in WAL mode. The
    header of the journal says that the database had no pages before, so nothing can be lost. Any other `-journal` file belongs
    to another database or program, and must not be applied to a log.
    """
    journal = Path(f"{path.resolve()}-journal")
    if wal_bytes > WAL_HEADER_BYTES or lock.size > PAGE_BYTES or not journal.exists():
        return
    with journal.open("rb") as file:
        header = file.read(_JOURNAL_HEADER.size).ljust(_JOURNAL_HEADER.size, b"\0")
    magic, pages_before = _JOURNAL_HEADER.unpack(header)
    if (magic, pages_before) == (_JOURNAL_MAGIC, 0):
        with closing(connect_writer(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()


def usable_vfs(path: Path) -> str:
    """Return the name of the SQLite VFS (file access layer) with which to open the file: "unix", or "unix-excl" if the disk is
    full or fails.

    "unix-excl" needs no shared memory file, but no other process can then read the log.
    """
    try:
        with closing(connect_reader(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError as error:
        if error_code(error) not in DISK_ERRORS:
            raise
        logger.warning(
            "The disk of the log is full or fails (%s): no other process can read the log in this run.", error
        )
        return "unix-excl"
    return "unix"


def look(path: Path, lock: FileLock, wal_bytes: int) -> None:
    """Check the files of a log through SQLite. Raises StoreRefused, Damaged, sqlite3.Error.

    Nothing is written to any file. SQLite normally moves the `-wal` file (its write-ahead log) into the database when the last
    connection is closed; this is prevented here, because the `-wal` file may belong to another database.
    """
    with closing(connect_observer(path)) as connection:
        version = format_of(path, connection)
        if version == 0:
            return
        require_whole(connection, lock, wal_bytes)
        if version >= CHECKSUMS_SINCE:
            show_as_present(connection, version)
            found = inspect(connection)
            count_events(connection, found)
            mark = MarkFile(path).read()
            if mark is not None:
                missing_events(connection, found, mark)
            _require_own_wal(path, found.epochs)


def require_whole(connection: sqlite3.Connection, lock: FileLock, wal_bytes: int) -> None:
    """Check the size and the structure of a database. `wal_bytes`: the size of its `-wal` file, which is empty or missing after
    a clean end. Raises Damaged, sqlite3.Error.
    """
    if not wal_bytes:
        _require_size(connection, lock)
    require_integrity(connection, crashed=wal_bytes > 0)


def format_of(path: Path, connection: sqlite3.Connection) -> int:
    """Return the number of the format of a log; 0 if the file is empty. Raises StoreRefused if this version of the server
    cannot read the format.
    """
    [(application_id,)] = connection.execute("PRAGMA application_id")
    [(version,)] = connection.execute("PRAGMA user_version")
    [(tables,)] = connection.execute("SELECT count(*) FROM sqlite_schema")
    if application_id == 0 and tables == 0:
        return 0
    if application_id != APPLICATION_ID:
        raise StoreRefused(f"The store {str(path)!r} is a database of another application. Name another file.")
    if not 0 < version <= FORMAT:
        raise StoreRefused(
            f"The store {str(path)!r} has format {version}; this version knows none beyond {FORMAT}. Start the newer version that wrote it."
        )
    return int(version)


def _require_own_wal(path: Path, epochs: list[Epoch]) -> None:
    """Check that the database file is an older state of the log that it is together with its `-wal` file. Raises Damaged if not.

    `epochs`: the epochs of both files together. Epochs are only ever added to a log, so the database file alone has the first of
    them, unless a crash interrupted a checkpoint and left a mixture of two states.
    """
    try:
        with closing(connect_without_wal(path)) as connection:
            older = read_epochs(connection)
    except (Damaged, sqlite3.Error):
        return
    if epochs[: len(older)] != older:
        raise Damaged(
            f"the file '{path.resolve()}-wal' beside it belongs to another log, or to an older state of this one"
        )


def _require_size(connection: sqlite3.Connection, lock: FileLock) -> None:
    """Check that the database file is not shorter than its header says. Raises Damaged if it is shorter.

    Call this only if all data of the log are in this file, and none are in a `-wal` file.
    """
    [(pages,)] = connection.execute("PRAGMA page_count")
    [(page_bytes,)] = connection.execute("PRAGMA page_size")
    if lock.size < pages * page_bytes:
        raise Damaged(f"it has {lock.size} bytes, and its header says {pages * page_bytes}")
