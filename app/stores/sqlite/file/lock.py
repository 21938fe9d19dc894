"""The lock on the file of a log: only one server may have a file open, even if the file has several names.

The lock is a `flock` on the database file itself, held on a descriptor that is opened before SQLite opens the file and closed
after it, because closing any other descriptor of the file would drop SQLite's own locks (POSIX fcntl). A second lock, on `<file>.lock`,
keeps out the releases that know only that one.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from app.events.errors import StoreRefused
from app.stores.sqlite.errors import FileMoved


class FileLock:
    """The locks that a server holds on its log."""

    def __init__(self, path: Path) -> None:
        """Take both locks, and create the files that do not exist. Raises StoreRefused, OSError."""
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
        """Return the first bytes of the database file."""
        return os.pread(self._file, size, 0)

    def is_in_place(self) -> bool:
        """Return whether the path still names the file; it does not once the file was renamed, removed or replaced."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._file))
        except OSError:
            return False

    def require_in_place(self) -> None:
        """Raise FileMoved if the path names another file, or none."""
        if not self.is_in_place():
            raise FileMoved

    def release(self) -> None:
        """Release the locks; SQLite must have closed the file."""
        os.close(self._file)
        os.close(self._lock)

    def give_up(self) -> None:
        """Release the locks after a refused start, and remove the lock file if it did not exist before."""
        os.close(self._file)
        self._close_lock_file()

    def _close_lock_file(self) -> None:
        if self._made_lock:
            self._lock_path.unlink(missing_ok=True)
        os.close(self._lock)


def refuse_links(path: Path) -> None:
    """Raise StoreRefused if the file has several names (hard links): the `-wal` file that SQLite writes has only one of them."""
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
            raise StoreRefused(f"The store {str(store)!r} is in use by another process.") from None
        raise
    return descriptor
