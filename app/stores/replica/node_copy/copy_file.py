"""The file of a node's copy of a shared log: its format, and the checks at the start of a node.

The file is a SQLite database with the tables of a SQLite log, so the code that reads and verifies such a log reads a copy, too. It
has another application id, so that a copy is not served as a log, nor a log taken for a copy. Its index of event ids is not
unique: an event may be stored again after the log has deleted it, and the copy may get to know of the deletion later. The index
is made after the copy was filled, because each random id changes another page of it.

A copy is a cache. If it cannot be used, it is removed, and the node makes a new one from the log. A file that is not a copy may be
dear to somebody, so it is renamed instead.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from typing import NamedTuple

from app.events.errors import StoreRefused
from app.events.position import Epochs, Floor
from app.stores.sqlite.errors import Damaged, Unfit
from app.stores.sqlite.event_blocks import block_of_forgotten
from app.stores.sqlite.file.connections import connect_cache_writer, connect_observer
from app.stores.sqlite.file.format import EVENTS, make_id_key, make_records
from app.stores.sqlite.file.inspection import Found, count_events, inspect_copy
from app.stores.sqlite.file.lock import FileLock
from app.stores.sqlite.file.look import refusing, require_whole
from app.stores.sqlite.file.place import MAGIC

COPY_ID = 0x4F724563  # "OrEc", in the header of the file
COPY_FORMAT = 1

_TABLES = ("events", "blocks", "epochs", "floor", "id_key")
_TABLE_OF_EVENTS, _ = EVENTS
_INDEX = "CREATE INDEX IF NOT EXISTS events_by_id ON events (event_id, owner)"

# https://www.sqlite.org/fileformat2.html#application_id
_HEADER_BYTES = 100
_APPLICATION_ID = slice(68, 72)

logger = logging.getLogger(__name__)


class CopyFile(NamedTuple):
    """The locked file of a copy, and the result of its inspection: None if there is no copy yet, or none that can be used."""

    lock: FileLock
    found: Found | None


class _Unusable(Unfit):
    """Raised when a file is a copy of another format, or not a copy."""


def open_copy(path: Path) -> CopyFile:
    """Lock the file of a copy, and inspect it. A file that cannot be used is removed, or renamed if it is not a copy.

    Raises StoreRefused if another process uses the file, or no file can be written there.
    """
    if not path.parent.is_dir():
        raise StoreRefused(
            f"The copy {str(path)!r} cannot be opened: its folder does not exist. Make the folder first."
        )
    with refusing(path), ExitStack() as undo:
        lock = FileLock(path)
        undo.callback(lock.give_up)
        found = None
        try:
            if lock.size:
                found = _inspect(path, lock)
        except (sqlite3.Error, Unfit, UnicodeDecodeError) as error:
            cleared = _clear(path, lock)
            logger.warning("The copy %s of the log cannot be used (%s): it is made anew%s.", path, error, cleared)
        if found is None:
            for suffix in ("-wal", "-shm", "-journal"):
                Path(f"{path.resolve()}{suffix}").unlink(missing_ok=True)
        undo.pop_all()
    if lock.is_in_place():
        return CopyFile(lock, found)
    lock.release()
    with refusing(path):
        return CopyFile(FileLock(path), None)


def connect(path: Path, vfs: str) -> sqlite3.Connection:
    """Return the connection that writes to a copy. A new file is marked as a copy first. Raises StoreRefused, sqlite3.Error."""
    with ExitStack() as undo:
        connection = undo.enter_context(closing(connect_cache_writer(path, vfs)))
        [(application_id,)] = connection.execute("PRAGMA application_id")
        if application_id != COPY_ID:
            connection.execute(f"PRAGMA application_id = {COPY_ID}")
        [(mode,)] = connection.execute("PRAGMA journal_mode = WAL")
        if mode != "wal":
            raise StoreRefused(
                f"The copy {str(path)!r} cannot be opened: its file system does not allow a WAL. Name a file on a local disk."
            )
        undo.pop_all()
        return connection


def lay_out(connection: sqlite3.Connection, epochs: Epochs, floor: Floor, id_key: bytes) -> None:
    """Make the tables of a copy anew, without events and without an index of their ids. Raises sqlite3.Error."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for table in _TABLES:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
        connection.execute(_TABLE_OF_EVENTS)
        make_records(connection, floor, epochs, [block_of_forgotten(floor.offset)])
        make_id_key(connection, id_key)
        connection.execute(f"PRAGMA user_version = {COPY_FORMAT}")


def make_index(connection: sqlite3.Connection) -> None:
    """Make the index of event ids, if there is none. Raises sqlite3.Error."""
    connection.execute(_INDEX)


def _inspect(path: Path, lock: FileLock) -> Found:
    if not _is_copy(lock):
        raise _Unusable("it is a file of another program")
    wal = Path(f"{path.resolve()}-wal")
    wal_bytes = wal.stat().st_size if wal.exists() else 0
    with closing(connect_observer(path)) as connection:
        [(version,)] = connection.execute("PRAGMA user_version")
        if version != COPY_FORMAT:
            raise _Unusable(f"it has format {version}, and this version knows {COPY_FORMAT}")
        require_whole(connection, lock, wal_bytes)
        found = inspect_copy(connection)
        count_events(connection, found)
        if not found.epochs:
            raise Damaged("it has no epoch")
        return found


def _is_copy(lock: FileLock) -> bool:
    """Return whether the header of a file says that it is a copy. `connect` writes that before anything else."""
    header = lock.beginning(_HEADER_BYTES)
    return header.startswith(MAGIC) and header[_APPLICATION_ID] == COPY_ID.to_bytes(4, "big")


def _clear(path: Path, lock: FileLock) -> str:
    """Remove the file of a copy, or rename a file that is not a copy. Returns the end of the log line about it."""
    place = path.resolve()
    if _is_copy(lock):
        place.unlink()
        return ""
    kept = next(name for n in count(1) if not (name := Path(f"{place}.kept-{n}")).exists())
    for suffix in ("-wal", "-journal"):
        beside = Path(f"{place}{suffix}")
        if beside.exists():
            beside.rename(f"{kept}{suffix}")
    place.rename(kept)
    return f", and the file that was there is kept as {kept}"
