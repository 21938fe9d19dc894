"""A SQLite log as the one connection that writes it sees it: what a transaction stores, and what it deletes.

A transaction serves any number of requests, each all or nothing by itself. It is on disk when `commit` returns; where it
fails, the log is as it was before.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice, repeat
from pathlib import Path
from typing import NamedTuple, TypeAlias

from app.events.errors import EventIdConflict
from app.events.event import Event, StoredEvent
from app.events.log.event_store import Appended, Commit
from app.events.position import Floor
from app.stores.local.offsets import fresh_events, next_stored_at_us, place, place_all
from app.stores.local.retention import Retention
from app.stores.sqlite.file import BUSY_MS, LogFile, connect_writer
from app.stores.sqlite.queries import (
    Newest,
    delete_through,
    insert_events,
    offset_before,
    read_epochs,
    read_events,
    read_floor,
    read_newest,
)

DELETED_AT_ONCE = 5_000  # bounds a transaction where a log got a smaller limit; as much as it adds it may delete anyway

WAL_BYTES = 64 * 1024 * 1024  # SQLite starts its WAL file anew at 4 MB, unless reads overlap without end
WAL_WAIT_MS = 100  # how long appends may stand still for reads to end, at most once a second

Outcome: TypeAlias = list[Appended] | Exception


class Stored(NamedTuple):
    """What a transaction added, and what became of each request."""

    fresh: list[StoredEvent]
    outcomes: Sequence[Outcome]


class SqliteLog:
    """Commit requests, and delete what retention does not keep."""

    def __init__(self, path: Path, file: LogFile, retention: Retention) -> None:
        self._path = path
        self._wal = Path(f"{path.resolve()}-wal")
        self._connection = file.connection
        self._epoch = file.opened.epochs.open
        self._floor = file.opened.floor
        self._newest = read_newest(file.connection)
        self._retention = retention
        self._looked_at = -1.0
        self.behind = True  # there may be more to delete at once than one transaction does

    def commit(self, requests: Sequence[Sequence[Event]]) -> tuple[Commit | None, Sequence[Outcome]]:
        """Store the requests in order; return what changed, if anything, and what became of each. Raises sqlite3.Error."""
        stored_at_us = next_stored_at_us(self._newest.stored_at_us)
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            fresh, outcomes = self._store_all(requests, stored_at_us) or self._store_each(requests, stored_at_us)
            floor = self._delete(added=len(fresh))
        changed = bool(fresh) or floor != self._floor
        self._floor = floor
        if fresh:
            self._newest = Newest(fresh[-1].offset, stored_at_us)
        return Commit(fresh, floor) if changed else None, outcomes

    def shorten_wal(self) -> None:
        """Start a WAL file anew that reads have kept from it, so that it does not grow for ever; or try again later."""
        if time.monotonic() < self._looked_at + 1:
            return
        self._looked_at = time.monotonic()
        with suppress(OSError, sqlite3.Error):  # nothing is lost, and where writing fails the next commit says so
            if self._wal.stat().st_size < WAL_BYTES:
                return
            self._connection.execute(f"PRAGMA busy_timeout = {WAL_WAIT_MS}")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with suppress(sqlite3.Error):
            self._connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")

    def mend(self) -> None:
        """Replace the connection where it does not answer or cannot end its transaction. Raises sqlite3.Error."""
        if self._answers():
            return
        self._connection.close()
        self._connection = connect_writer(self._path)
        if (read_epochs(self._connection)[-1], read_newest(self._connection)) != (self._epoch, self._newest):
            self._connection.close()
            raise sqlite3.DatabaseError("the file is not as this process left it")

    def close(self) -> None:
        self._connection.close()

    def _store_all(self, requests: Sequence[Sequence[Event]], stored_at_us: int) -> Stored | None:
        """Store all events at once, as if none were a repetition: nearly always none is. None, and nothing stored, if one is.

        SQLite finds a repetition when it writes the index of event ids, so no event need be looked up before.
        """
        fresh = place_all(requests, self._newest.offset, self._epoch.name, stored_at_us)
        with suppress(sqlite3.Error):  # what fails here may not be needed: a repetition is answered on a full disk too
            if insert_events(self._connection, fresh) == len(fresh):
                placed = map(Appended, fresh, repeat(False))
                return Stored(fresh, [[*islice(placed, len(events))] for events in requests])
        self._connection.rollback()
        self._connection.execute("BEGIN IMMEDIATE")
        return None

    def _store_each(self, requests: Sequence[Sequence[Event]], stored_at_us: int) -> Stored:
        fresh: list[StoredEvent] = []
        return Stored(fresh, [self._store(events, stored_at_us, fresh) for events in requests])

    def _store(self, events: Sequence[Event], stored_at_us: int, fresh: list[StoredEvent]) -> Outcome:
        after = self._newest.offset + len(fresh)
        retained = read_events(self._connection, [event.event_id for event in events])
        try:
            placed = place(events, after, self._epoch.name, stored_at_us, retained.get)
        except EventIdConflict as conflict:
            return conflict
        added = fresh_events(placed)
        insert_events(self._connection, added)
        fresh += added
        return placed

    def _delete(self, added: int) -> Floor:
        through = self._retention.surplus(self._newest.offset + added)
        if self._retention.by_age:
            through = max(through, offset_before(self._connection, self._retention.expired_us() + 1))
        at_once = self._floor.offset + max(added, DELETED_AT_ONCE)
        self.behind = through > at_once
        if through <= self._floor.offset:
            return self._floor
        return delete_through(self._connection, min(through, at_once))

    def _answers(self) -> bool:
        try:
            read_floor(self._connection)
        except sqlite3.Error:
            return False
        return not self._connection.in_transaction
