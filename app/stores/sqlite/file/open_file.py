"""Opening a log at the start of a server: lock and check the files, upgrade the format, compare the log with its mark, and
begin an epoch.

The mark is a small file that records the newest event. An epoch is the part of the log that is written after this start.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from app.events.errors import StoreRefused
from app.events.log.event_store import Opened
from app.events.position import Epoch, Epochs, new_epoch
from app.stores.sqlite.errors import NotSynced
from app.stores.sqlite.event_blocks import Block
from app.stores.sqlite.file.durable_connection import DurableConnection
from app.stores.sqlite.file.format import CHECKSUMS_SINCE, FORMAT, lay_out, upgrade
from app.stores.sqlite.file.inspection import Found, inspect, missing_events
from app.stores.sqlite.file.lock import FileLock
from app.stores.sqlite.file.look import (
    DISK_ERRORS,
    error_code,
    format_of,
    look,
    refusing,
    undo_interrupted_creation,
    usable_vfs,
)
from app.stores.sqlite.file.mark import Mark, MarkFile
from app.stores.sqlite.file.place import require_database, require_place
from app.stores.sqlite.records import add_epochs

logger = logging.getLogger(__name__)


class LogFile(NamedTuple):
    """A log that only this process has open for writing.

    `epoch`: the part of the log that begins with this start. `recorded`: the epochs that are recorded in the file; the new
    epoch is missing only if the log could not be written. `newest`: the newest block (record that describes 256 events).
    `vfs`: the SQLite VFS (file access layer) with which further connections must open the file.
    """

    opened: Opened
    recorded: list[Epoch]
    epoch: Epoch
    newest: Block
    newest_stored_at_us: int
    writer: DurableConnection
    lock: FileLock
    mark: MarkFile
    vfs: str


def open_file(path: Path) -> LogFile:
    """Open a log, or create a new log, begin a new epoch in it (the part that is written after this start), and return the
    open log.

    Raises StoreRefused if the log cannot be opened.
    """
    with refusing(path), ExitStack() as undo:
        wal_bytes = require_place(path)
        lock = FileLock(path)
        undo.callback(lock.give_up)
        undo_interrupted_creation(path, lock, wal_bytes)
        require_database(path, lock, wal_bytes)
        look(path, lock, wal_bytes)
        vfs = usable_vfs(path)
        writer = DurableConnection(path, lock, vfs)
        undo.callback(writer.disconnect)
        version = _bring_to_format(path, writer.connection)
        file = _begin(path, writer, lock, vfs, expects_mark=version >= CHECKSUMS_SINCE)
        undo.pop_all()
        return file


def _bring_to_format(path: Path, connection: sqlite3.Connection) -> int:
    """Create the tables of a new log, or upgrade a log of an older format. Returns the format that the file had before; 0 if
    it was new.
    """
    version = format_of(path, connection)
    [(mode,)] = connection.execute("PRAGMA journal_mode = WAL")
    if mode != "wal":
        raise StoreRefused(
            f"The store {str(path)!r} cannot be opened: its file system does not allow a WAL. Name a file on a local disk."
        )
    if version == 0:
        lay_out(connection)
    elif version < FORMAT:
        logger.info("The log %s has format %d and is brought to format %d.", path, version, FORMAT)
        upgrade(connection, version)
    return version


def _begin(path: Path, writer: DurableConnection, lock: FileLock, vfs: str, *, expects_mark: bool) -> LogFile:
    found, mark_file = inspect(writer.connection), MarkFile(path)
    _compare_with_mark(path, writer.connection, found, mark_file, expects_mark=expects_mark)
    epoch = new_epoch(found.newest.newest + 1)
    recorded = [*found.epochs, epoch] if _record(writer, epoch) else found.epochs
    if not recorded:
        raise StoreRefused(f"The store {str(path)!r} cannot be opened: the disk is full. Make room, and start again.")
    opened = Opened(Epochs(recorded), found.newest.newest, found.floor, found.id_key)
    with suppress(OSError):  # the mark then lags behind
        mark_file.write(Mark(opened.epochs.position(opened.head), found.newest.checksum_at(opened.head)), sync=True)
    return LogFile(opened, recorded, epoch, found.newest, found.newest_stored_at_us, writer, lock, mark_file, vfs)


def _compare_with_mark(
    path: Path, connection: sqlite3.Connection, found: Found, mark_file: MarkFile, *, expects_mark: bool
) -> None:
    """Log an error if events are missing at the end of the log, compared with the mark (a small file that records the newest
    event).

    Raises Damaged if the mark belongs to another log.
    """
    mark = mark_file.read()
    if mark is None:
        if expects_mark or mark_file.path.exists():
            logger.warning("The log %s has no mark that can be read: it could have lost its end unnoticed.", path)
        return
    missing = missing_events(connection, found, mark)
    if missing:
        logger.error(
            "The end of the log %s is gone: %d events, through %s. Clients that had read further get a gap.",
            path,
            missing,
            mark.position,
        )


def _record(writer: DurableConnection, epoch: Epoch) -> bool:
    """Record a new epoch in the log (the part of the log that is written after this start): its random name, and the offset of
    its first event.

    Returns False if the write fails because the disk is full or fails, or because another program reads what a crash left.
    """
    try:
        with writer.transaction() as connection:
            add_epochs(connection, [epoch])
    except (sqlite3.OperationalError, NotSynced) as error:
        if isinstance(error, sqlite3.Error) and error_code(error) not in DISK_ERRORS:
            raise
        logger.warning("The log cannot be written: %s. It is served to readers.", error)
        return False
    return True
