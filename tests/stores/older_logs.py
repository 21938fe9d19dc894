"""Logs of older formats."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from app.events.event import StoredEvent
from app.events.position import Epoch, Floor
from app.stores.sqlite.file.format import _described, make_records

FORMAT_1 = Path(__file__).parent / "logs" / "format-1.db"
"""Written by the last release that knew format 1, with --retain-events 40: 50 events, 10 of them deleted, three epochs."""

FORMAT_2 = FORMAT_1.with_name("format-2.db")
"""The same log after the last release that knew format 2 was started on it; its mark is in the file beside it."""


def write_format_1(path: Path, events: Iterable[StoredEvent], epochs: Iterable[Epoch], floor: Floor) -> None:
    """Write a log of format 1, in the tables that the release made."""
    shutil.copy(FORMAT_1, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection, connection:
        connection.execute("BEGIN")
        for table in ("events", "epochs", "floor"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - the names above
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [event[:8] for event in events])
        connection.executemany("INSERT INTO epochs (name, first_offset) VALUES (?, ?)", epochs)
        connection.execute("INSERT INTO floor VALUES (?, ?)", floor)


def write_format_2(path: Path, events: Sequence[StoredEvent], epochs: Iterable[Epoch], floor: Floor) -> None:
    """Write a log of format 2, in the tables that the release made. The blocks of events without an owner are the same since then."""
    write_format_1(path, events, (), floor)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection, connection:
        connection.execute("BEGIN")
        for table in ("epochs", "floor"):
            connection.execute(f"DROP TABLE {table}")
        make_records(connection, floor, epochs, _described(floor.offset, events))
        connection.execute("ALTER TABLE blocks DROP COLUMN owner_keys")
        connection.execute("PRAGMA user_version = 2")


def rows(path: Path) -> list[StoredEvent]:
    with closing(sqlite3.connect(path)) as connection:
        return [StoredEvent(*row) for row in connection.execute("SELECT * FROM events ORDER BY offset")]


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        [(number,)] = connection.execute("PRAGMA user_version")
    return int(number)


def dump(path: Path) -> list[str]:
    """Return everything that a database holds, as SQL statements."""
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())
