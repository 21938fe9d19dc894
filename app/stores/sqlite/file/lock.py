"""The lock of a log: only one server can open a database file, even if the file has several names.

The lock is a `flock` on the database file. Its file descriptor is opened before SQLite opens the file, and closed after SQLite
has closed the file, because closing a descriptor of the file at any other time would release SQLite's own locks (POSIX fcntl).
A second lock is on the file `<file>.lock`: older versions of this server lock only that file, and must not open the log at the
same time.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from app.events.errors import StoreRefused
from app.stores.sqlite.errors import FileMoved


class FileLock:
    """The two locks that a server holds on its log: on the database file, and on `<file>.lock`."""

    def __init__(self, path: Path) -> None:
        """Lock the database file and the file `<file>.lock`, and create each file that does not exist.

        Raises StoreRefused if another process holds a lock, OSError if a file cannot be opened.
        """
        self._path = path
        self._lock_path = Path(f"{path.resolve()}.lock")
        self._made_lock = not self._lock_path.exists()
        self._lock = _locked(self._lock_path, path, 0o666)
        try:
            self._file = _locked(path.resolve(), path, 0o644)
        except (OSError, StoreRefused):
            self._close_lock_file()
            raise

    @property
    def size(self) -> int:
        """The size of the database file in bytes."""
        return os.fstat(self._file).st_size

    def beginning(self, size: int) -> bytes:
        """Return the first `size` bytes of the database file."""
        return os.pread(self._file, size, 0)

    def overwrite(self, parts: Iterable[tuple[int, bytes]]) -> None:
        """Write bytes at places of the database file, and sync the file. Raises OSError."""
        for place, content in parts:
            os.pwrite(self._file, content, place)
        os.fsync(self._file)

    def is_in_place(self) -> bool:
        """Return whether the path still points to the locked file. This is False once the file was renamed, removed or
        replaced.
        """
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._file))
        except OSError:
            return False

    def require_in_place(self) -> None:
        """Raise FileMoved if the path no longer points to the locked file."""
        if not self.is_in_place():
            raise FileMoved

    def release(self) -> None:
        """Release both locks. SQLite must have closed the database file before."""
        os.close(self._file)
        os.close(self._lock)

    def give_up(self) -> None:
        """Release both locks because the start has failed, and remove the file `<file>.lock` if this object created it."""
        os.close(self._file)
        self._close_lock_file()

    def _close_lock_file(self) -> None:
        if self._made_lock:
            self._lock_path.unlink(missing_ok=True)
        os.close(self._lock)


def refuse_links(path: Path) -> None:
    """Raise StoreRefused if the file has several names (hard links).

    SQLite names its `-wal` file after the name by which the database was opened, so a server that opens the database by
    another name would not see recent changes.
    """
    if path.exists() and path.stat().st_nlink > 1:
        raise StoreRefused(
            f"The store {str(path)!r} has {path.stat().st_nlink} names (hard links); remove all but one, for a server that "
            "opened it by another name would not see what is written beside this one."
        )


def _locked(path: Path, store: Path, mode: int) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            raise StoreRefused(
                f"The store {str(store)!r} is in use by another process, such as a server; end it, or name another store."
            ) from None
        raise
    return descriptor
