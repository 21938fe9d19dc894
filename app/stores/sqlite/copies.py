"""Backup and restore of a log in a SQLite file. A backup can be made while a server uses the log."""

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
from app.stores.sqlite.file.format import show_as_present
from app.stores.sqlite.file.inspection import inspect
from app.stores.sqlite.file.lock import FileLock
from app.stores.sqlite.file.look import format_of, refusing
from app.stores.sqlite.file.mark import Mark, MarkFile
from app.stores.sqlite.file.place import is_database, require_log, require_no_wal
from app.stores.sqlite.verification import Verified, verify


def backup(store: Path, file: Path) -> Verified:
    """Copy a log, as it is at one moment, to `file`, and return the result of verifying the copy. A server may be using the
    log.

    An existing `file` is replaced if it is a backup; otherwise StoreRefused is raised. The copy is written under a temporary
    name, and is renamed to `file` only after it was verified. Raises StoreRefused if the copy cannot be made or is damaged.
    """
    require_log(store)
    if not file.parent.is_dir():
        raise StoreRefused(
            f"The backup {str(file)!r} cannot be written: its folder does not exist. Make the folder first."
        )
    if file.exists():
        _require_another(file, store)
        _require_backup(file)
    with _made_beside(file) as partial:
        with refusing(store), closing(connect_reader(store)) as source, closing(sqlite3.connect(partial)) as copy:
            format_of(store, source)
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
        return verify(partial, called=store)


def restore(file: Path, store: Path) -> Verified:
    """Replace the log `store`, which no server may be using, with a backup. Returns the result of verifying the backup.

    The old log is kept as `<store>.replaced`. Raises StoreRefused if the backup is damaged or the log cannot be replaced.
    """
    _require_another(file, store)
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
        with _undone_if_not_replaced(store, kept), _made_beside(store.resolve()) as partial:
            shutil.copyfile(file, partial)
            verify(partial, called=file)
            if was_there:
                os.link(store.resolve(), kept)
            MarkFile(store).remove()  # it is of the old log, and would refuse the new one if the next step fails
        _mark(store)
    finally:
        lock.release()
    return verified


def _require_another(file: Path, store: Path) -> None:
    """Raise StoreRefused if the file is the log itself: a server that has it open would go on with a file that has no name any more."""
    if store.exists() and file.samefile(store):
        raise StoreRefused(f"The file {str(file)!r} is the store itself; name another one for the backup.")


def _require_backup(file: Path) -> None:
    """Check that an existing file is a backup and may be overwritten. Raises StoreRefused if not."""
    require_log(file)
    require_no_wal(file, "It looks like a log in use")
    if not is_database(file):
        raise StoreRefused(f"The file {str(file)!r} is not a backup, and is not replaced. Name another file.")
    with refusing(file), closing(connect_reader(file)) as connection:
        format_of(file, connection)


@contextmanager
def _undone_if_not_replaced(store: Path, kept: Path) -> Iterator[None]:
    """Remove the second name of a log if the body of a `with` statement fails before another file has the first one."""
    try:
        yield
    except StoreRefused:
        if store.exists() and kept.exists() and kept.samefile(store):
            kept.unlink()
        raise


@contextmanager
def _made_beside(path: Path) -> Iterator[Path]:
    """Provide, for the body of a `with` statement, the path of a temporary file in the same directory as `path`.

    If the body succeeds, the temporary file is synced to disk and replaces `path`. If the body fails, the temporary file is
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
    """Write the mark of a restored log: a file beside the log that records its newest event (see `mark.py`).

    Without this, the old mark would remain, and events that are newer than the backup would be reported as missing.
    """
    with refusing(store), closing(connect_reader(store)) as connection:
        show_as_present(connection, format_of(store, connection))
        found = inspect(connection)
        offset = found.newest.newest
        MarkFile(store).write(Mark(Epochs(found.epochs).position(offset), found.newest.checksum_at(offset)), sync=True)
