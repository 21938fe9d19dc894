"""The verification of a whole SQLite log: every event, every other record, the index of event ids, and the mark.

The mark is a small file beside the log that records the newest event, so that a lost end of the log is detected.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from app.events.errors import StoreRefused
from app.events.position import Epoch, write_position
from app.stores.sqlite.errors import Damaged
from app.stores.sqlite.event_blocks import BLOCK_EVENTS
from app.stores.sqlite.file.connections import connect_reader
from app.stores.sqlite.file.format import CHECKSUMS_SINCE, show_as_present
from app.stores.sqlite.file.inspection import Found, count_events, inspect, missing_events
from app.stores.sqlite.file.look import format_of, refusing
from app.stores.sqlite.file.mark import Mark, MarkFile
from app.stores.sqlite.file.place import require_log
from app.stores.sqlite.reading.verified_reads import read_run
from app.stores.sqlite.records import read_epochs, read_floor, read_newest_block


class Verified(NamedTuple):
    """The result of verifying an undamaged log: the number of events, and the ids of the first and last event (None if the log
    has no events).
    """

    events: int
    first_id: str | None
    last_id: str | None


def verify(path: Path, called: Path | None = None) -> Verified:
    """Read and verify a whole log, and return its number of events and its first and last event id. A server may be using the
    log.

    Raises StoreRefused if the log is damaged; the message contains the id of the first damaged event, if an event is damaged.
    `called`: the path to give in error messages, if it differs from `path`, which is the file that is read.
    """
    require_log(path)
    called = called or path
    mark = MarkFile(path).read()  # before the log: what a server commits meanwhile is no fault
    with refusing(called), closing(connect_reader(path)) as connection:
        connection.execute("BEGIN")
        version = format_of(called, connection)
        if version < CHECKSUMS_SINCE:
            raise StoreRefused(
                f"The store {str(called)!r} has format {version}, without checksums; start the server on it once."
            )
        show_as_present(connection, version)
        return _verify(called, connection, mark)


def _verify(path: Path, connection: sqlite3.Connection, mark: Mark | None) -> Verified:
    epochs, floor, newest = read_epochs(connection), read_floor(connection).offset, read_newest_block(connection).newest
    try:
        for after in range(floor - floor % BLOCK_EVENTS, newest, BLOCK_EVENTS):
            read_run(connection, max(floor, after), min(newest, after + BLOCK_EVENTS))
        _verify_rest(connection, inspect(connection), mark)
    except Damaged as damaged:
        if damaged.offset is None:
            raise
        bad = _event_id(epochs, damaged.offset)
        raise StoreRefused(f"The store {str(path)!r} is damaged; the first bad event is {bad}: {damaged}.") from damaged
    if newest == floor:
        return Verified(0, None, None)
    return Verified(newest - floor, _event_id(epochs, floor + 1), _event_id(epochs, newest))


def _verify_rest(connection: sqlite3.Connection, found: Found, mark: Mark | None) -> None:
    count_events(connection, found)
    [(verdict,), *_] = connection.execute("PRAGMA integrity_check(1)")
    if verdict != "ok":
        raise Damaged(" ".join(str(verdict).split()))
    missing = 0 if mark is None else missing_events(connection, found, mark)
    if missing:
        raise Damaged(f"its last {missing} events are gone", found.newest.newest + 1)


def _event_id(epochs: Sequence[Epoch], offset: int) -> str:
    """Return the id that clients see for the event at an offset: the name of its epoch (the start of a server that wrote it)
    and the offset.
    """
    names = [epoch.name for epoch in epochs if epoch.first_offset <= offset]
    return write_position(names[-1] if names else "?", offset)
