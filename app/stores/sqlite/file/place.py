"""The path of a log and the files there: the checks that need no SQLite, and the space that the files take."""

from __future__ import annotations

import shutil
from pathlib import Path

from app.events.errors import StoreRefused
from app.events.log.write_health import DiskUse
from app.stores.sqlite.file.lock import FileLock, refuse_links

MAGIC = b"SQLite format 3\0"
ADVICE = "Restore a backup (orders-events restore), or move it and the files beside it away to begin a new log."


def require_place(path: Path) -> int:
    """Check that a path can be the path of a log. Returns the size of the `-wal` file (SQLite's write-ahead log) in bytes.

    This check runs before any file is created there. Raises StoreRefused if the path is not suitable.
    """
    if not path.parent.is_dir():
        raise StoreRefused(
            f"The store {str(path)!r} cannot be opened: its folder does not exist. Make the folder first."
        )
    if path.exists() and not path.is_file():
        raise StoreRefused(f"The store {str(path)!r} is not a file. Name a file, which need not exist.")
    refuse_links(path)
    wal = Path(f"{path.resolve()}-wal")
    wal_bytes = wal.stat().st_size if wal.exists() else 0
    if wal_bytes and not (path.exists() and path.stat().st_size):  # SQLite would delete the file, and begin a new log
        raise StoreRefused(
            f"The store {str(path)!r} is missing or empty, but {str(wal)!r} holds {wal_bytes} bytes of it. {ADVICE}"
        )
    return wal_bytes


def require_log(path: Path) -> None:
    """Raise StoreRefused if the path does not exist or is not a file."""
    if not path.is_file():
        raise StoreRefused(
            f"The store {str(path)!r} does not exist or is not a file. Name the file that the server has as --store."
        )


def require_no_wal(path: Path, advice: str) -> None:
    """Raise StoreRefused if a `-wal` file (SQLite's write-ahead log) that is not empty is in the same directory as the
    database file.

    Such a file has a part of this database's data, or belongs to another database. `advice`: the end of the error message.
    """
    wal = Path(f"{path.resolve()}-wal")
    if wal.exists() and wal.stat().st_size:
        raise StoreRefused(f"The store {str(path)!r} has {str(wal)!r} beside it. {advice}.")


def is_database(path: Path) -> bool:
    """Return whether a file is a SQLite database, or empty.

    This process must have no SQLite connection to the file, because closing the file here would release the locks of that
    connection.
    """
    with path.open("rb") as file:
        return file.read(len(MAGIC)) in {b"", MAGIC}


def require_database(path: Path, lock: FileLock, wal_bytes: int) -> None:
    # SQLite takes a file that is shorter than a page for an empty database, and would write over it.
    if not wal_bytes and lock.beginning(len(MAGIC)) not in {b"", MAGIC}:
        raise StoreRefused(
            f"The store {str(path)!r} is not a database. Name another file, or move it away to begin a new log."
        )


def disk_use_at(path: Path) -> DiskUse | None:
    """Return how much of the disk the files of a log take; None if this cannot be found out."""
    files = (Path(f"{path}{suffix}") for suffix in ("", "-wal", "-shm"))
    try:
        used_bytes = sum(file.stat().st_size for file in files if file.exists())
        return DiskUse(used_bytes, shutil.disk_usage(path.parent).free)
    except OSError:
        return None
