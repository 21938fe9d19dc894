"""The transactions that write a SQLite log: each stores new events and deletes old ones.

A transaction serves any number of requests, and each of them is stored whole or not at all. It is on disk when `commit`
returns; if it fails, the log is as it was before.
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
from app.stores.local.offsets import assign_or_find, assign_to_all, new_events, next_stored_at_us
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

DELETED_AT_ONCE = (
    5_000  # bounds a transaction after the limit became smaller; one that adds more events may delete as many
)

WAL_BYTES = 64 * 1024 * 1024  # SQLite starts its WAL file anew at 4 MB, unless reads overlap without end
WAL_WAIT_MS = 100  # how long appends may stand still for reads to end, at most once a second

Outcome: TypeAlias = list[Appended] | Exception


class Stored(NamedTuple):
    """The events that a transaction added, and the outcome of each request."""

    new: list[StoredEvent]
    outcomes: Sequence[Outcome]


class Transactions:
    """The transactions of the only connection that writes a log; all methods run on the writer's thread."""

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
        """Store the requests in order, and delete what is too old or too much.

        Returns the commit (None if nothing changed) and the outcome of each request. Raises sqlite3.Error.
        """
        stored_at_us = next_stored_at_us(self._newest.stored_at_us)
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            new, outcomes = self._store_all(requests, stored_at_us) or self._store_each(requests, stored_at_us)
            floor = self._delete(added=len(new))
        changed = bool(new) or floor != self._floor
        self._floor = floor
        if new:
            self._newest = Newest(new[-1].offset, stored_at_us)
        return Commit(new, floor) if changed else None, outcomes

    def shorten_wal(self) -> None:
        """Start the WAL file anew if reads kept it growing; if they still do, a later call tries again."""
        if time.monotonic() < self._looked_at + 1:
            return
        self._looked_at = time.monotonic()
        with suppress(OSError, sqlite3.Error):  # nothing is lost, and if writing fails the next commit reports it
            if self._wal.stat().st_size < WAL_BYTES:
                return
            self._connection.execute(f"PRAGMA busy_timeout = {WAL_WAIT_MS}")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with suppress(sqlite3.Error):
            self._connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")

    def mend(self) -> None:
        """Replace the connection if it does not answer or cannot end its transaction. Raises sqlite3.Error."""
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
        """Store all events at once, as if none were a duplicate. Returns None, with nothing stored, if one is.

        Duplicates are rare, and SQLite finds them when it writes the index of event ids: no look-up is needed before.
        """
        new = assign_to_all(requests, self._newest.offset, self._epoch.name, stored_at_us)
        with suppress(sqlite3.Error):  # the failed write may not be needed: a duplicate is answered on a full disk too
            if insert_events(self._connection, new) == len(new):
                appended = map(Appended, new, repeat(False))
                return Stored(new, [[*islice(appended, len(events))] for events in requests])
        self._connection.rollback()
        self._connection.execute("BEGIN IMMEDIATE")
        return None

    def _store_each(self, requests: Sequence[Sequence[Event]], stored_at_us: int) -> Stored:
        new: list[StoredEvent] = []
        return Stored(new, [self._store(events, stored_at_us, new) for events in requests])

    def _store(self, events: Sequence[Event], stored_at_us: int, new: list[StoredEvent]) -> Outcome:
        after = self._newest.offset + len(new)
        retained = read_events(self._connection, [event.event_id for event in events])
        try:
            appended = assign_or_find(events, after, self._epoch.name, stored_at_us, retained.get)
        except EventIdConflict as conflict:
            return conflict
        added = new_events(appended)
        insert_events(self._connection, added)
        new += added
        return appended

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
