"""Backup and restore of a SQLite log. A backup can be made while a server has the log open."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from app.events.errors import StoreRefused
from app.events.position import Epochs
from app.stores.sqlite.file.connections import connect_reader
from app.stores.sqlite.file.inspection import inspect
from app.stores.sqlite.file.lock import FileLock
from app.stores.sqlite.file.look import format_of, is_database, refusing, require_log, require_no_wal
from app.stores.sqlite.file.mark import Mark, MarkFile
from app.stores.sqlite.verification import Verified, verify


def backup(store: Path, file: Path) -> Verified:
    """Copy the state of a log at one moment to `file`, which is replaced if it is a backup; a server may have the log open.

    The copy is verified before it gets its name. Raises StoreRefused.
    """
    require_log(store)
    if file.exists():
        _require_backup(file)
    with _made_beside(file) as partial:
        with refusing(store), closing(connect_reader(store)) as source, closing(sqlite3.connect(partial)) as copy:
            format_of(store, source)
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        return verify(partial, called=store)


def restore(file: Path, store: Path) -> Verified:
    """Replace a log that no server has open by a backup. The old log is kept as `<store>.replaced`.

    Raises StoreRefused.
    """
    require_no_wal(file, "It is not a backup but a log that was not closed")
    verified = verify(file)
    require_no_wal(store, "Start the server on it once and stop it, or move both away")
    kept = Path(f"{store.resolve()}.replaced")
    if store.exists() and kept.exists():
        raise StoreRefused(
            f"The store {str(store)!r} cannot be replaced: {str(kept)!r} is there from an earlier time; move it away."
        )
    was_there = store.exists()
    with refusing(store):
        lock = FileLock(store)
    try:
        with _made_beside(store.resolve()) as partial:
            shutil.copyfile(file, partial)
            verify(partial, called=file)
            if was_there:
                os.link(store.resolve(), kept)
        _mark(store)
    finally:
        lock.release()
    return verified


def _require_backup(file: Path) -> None:
    """Raise StoreRefused if a file exists that is not a backup, so that it is not overwritten."""
    require_log(file)
    require_no_wal(file, "It looks like a log in use")
    if not is_database(file):
        raise StoreRefused(f"The file {str(file)!r} is not a backup, and is not replaced.")
    with refusing(file), closing(connect_reader(file)) as connection:
        format_of(file, connection)


@contextmanager
def _made_beside(path: Path) -> Iterator[Path]:
    """Provide a temporary name beside a file. If the block succeeds, the temporary file is synced and replaces the file; otherwise it is
    removed.
    """
    partial = Path(f"{path}.partial")
    try:
        with refusing(path):
            partial.unlink(missing_ok=True)
        yield partial
        with refusing(path):
            _sync(partial, os.O_RDONLY)
            partial.replace(path)
            _sync(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    finally:
        partial.unlink(missing_ok=True)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mark(store: Path) -> None:
    """Write the mark (see `mark.py`) of the restored log: the end of the backup, so that later events do not count as missing."""
    with refusing(store), closing(connect_reader(store)) as connection:
        found = inspect(connection)
        offset = found.newest.newest
        MarkFile(store).write(Mark(Epochs(found.epochs).position(offset), found.newest.checksum_at(offset)), sync=True)
