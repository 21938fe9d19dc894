"""The transactions that write to a SQLite log: each transaction stores new events and deletes old events.

A transaction contains any number of requests; the events of a request are stored all together or not at all. When `commit`
returns, the transaction is on disk. If the transaction fails, the log is unchanged.
"""

from __future__ import annotations

import sqlite3
from collections import ChainMap
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice, repeat
from typing import NamedTuple, TypeAlias

from app.events.errors import EventIdConflict
from app.events.event import Event, EventKey, StoredEvent
from app.events.log.event_store import Appended, Commit
from app.events.position import Epochs
from app.stores.local.offsets import assign_or_find, assign_to_all, new_events, next_stored_at_us
from app.stores.sqlite.deletion import Deletion
from app.stores.sqlite.errors import Damaged
from app.stores.sqlite.event_blocks import Block, extended
from app.stores.sqlite.file.mark import Mark
from app.stores.sqlite.file.open_file import LogFile
from app.stores.sqlite.insertion import insert_events
from app.stores.sqlite.reading.verified_reads import read_events
from app.stores.sqlite.records import add_epochs, read_epochs, read_newest_block, write_blocks

Outcome: TypeAlias = list[Appended] | Exception


class Stored(NamedTuple):
    """The result of storing requests in a transaction: the events that were added to the log, and the outcome of each request."""

    new: list[StoredEvent]
    outcomes: Sequence[Outcome]


class Transactions:
    """All write transactions of one log. All methods run on one thread, and use the only connection that may write.

    `file`: the open log. `deletion`: deletes old events within each transaction.
    """

    def __init__(self, file: LogFile, deletion: Deletion) -> None:
        self._file = file
        self._deletion = deletion
        self._epochs = file.recorded
        self._newest = file.newest
        self._stored_at_us = file.newest_stored_at_us

    @property
    def has_more_to_delete(self) -> bool:
        return self._deletion.has_more

    def commit(self, requests: Sequence[Sequence[Event]]) -> tuple[Commit | None, Sequence[Outcome]]:
        """Store the events of the requests, in order, and delete old events, in one transaction.

        Returns the commit (None if the log did not change), and the outcome of each request. Raises sqlite3.Error, OSError, Unfit.
        """
        self._file.lock.require_in_place()
        stored_at_us = next_stored_at_us(self._stored_at_us)
        with self._file.writer.transaction() as connection:
            new, outcomes = self._store_all(requests, stored_at_us) or self._store_each(requests, stored_at_us)
            newest = self._describe(new)
            floor = self._deletion.delete(connection, newest, stored_at_us, len(new))
        self._deletion.committed(floor, newest.newest)
        if new:
            return self._commit_of(new, newest), outcomes
        return None if floor is None else Commit((), floor), outcomes

    def mend(self) -> None:
        """Replace the connection to the database by a new connection, if it no longer works or cannot end its transaction.

        Raises sqlite3.Error, Damaged, FileMoved.
        """
        self._file.lock.require_in_place()
        if self._file.writer.works():
            return
        self._file.writer.reconnect()
        if (read_epochs(self._connection), read_newest_block(self._connection)) != (self._epochs, self._newest):
            self._file.writer.disconnect()
            raise sqlite3.DatabaseError("the file is not as this process left it")

    def try_disk(self) -> None:
        """Write to the log without changing it, to find out whether it can be written.

        Raises sqlite3.Error, OSError, Unfit.
        """
        with self._file.writer.transaction() as connection:
            [(number,)] = connection.execute("PRAGMA user_version")
            connection.execute(f"PRAGMA user_version = {number}")  # SQLite writes the page, although it stays the same

    def shorten_wal(self) -> None:
        self._file.writer.shorten_wal()

    def close(self) -> None:
        self._file.writer.close()

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._file.writer.connection

    def _store_all(self, requests: Sequence[Sequence[Event]], stored_at_us: int) -> Stored | None:
        """Store the events of all requests at once, as if there were no duplicates.

        Returns None, with nothing stored, if an owner's event id is already in the log or occurs twice, or if the write fails.
        Duplicates are rare, and SQLite detects them when it writes to the index of event ids, so no search for duplicates is
        needed before.
        """
        new = assign_to_all(requests, self._newest.newest, self._file.epoch.name, stored_at_us)
        with suppress(sqlite3.Error):  # the failed write may not be needed: a duplicate is answered on a full disk too
            if insert_events(self._connection, new) == len(new):
                appended = map(Appended, new, repeat(False))
                return Stored(new, [[*islice(appended, len(events))] for events in requests])
        self._connection.rollback()
        self._connection.execute("BEGIN IMMEDIATE")
        return None

    def _store_each(self, requests: Sequence[Sequence[Event]], stored_at_us: int) -> Stored:
        new: dict[EventKey, StoredEvent] = {}
        outcomes = [self._store(events, stored_at_us, new) for events in requests]
        return Stored([*new.values()], outcomes)

    def _store(self, events: Sequence[Event], stored_at_us: int, new: dict[EventKey, StoredEvent]) -> Outcome:
        """Store the events of one request, except duplicates, and return the outcome of the request.

        `new`: all events that this transaction has stored so far, by owner and event id. The stored events are added to `new`.
        """
        after = self._newest.newest + len(new)
        retained = read_events(self._connection, [event.key for event in events], self._newest.newest)
        known = ChainMap(new, retained)
        try:
            appended = assign_or_find(events, after, self._file.epoch.name, stored_at_us, known.get)
        except EventIdConflict as conflict:
            return conflict
        added = new_events(appended)
        if insert_events(self._connection, added) != len(added):
            raise Damaged("an event id is in the index of the log, and its event is not found")
        new.update((event.key, event) for event in added)
        return appended

    def _describe(self, new: Sequence[StoredEvent]) -> Block:
        """Write the blocks (records that each describe 256 events) for new events, and return the newest block.

        If the epoch of this start (the part of the log that begins with it) could not be recorded at the start because the
        disk was full, record it now.
        """
        if not new:
            return self._newest
        blocks = extended(self._newest, new)
        write_blocks(self._connection, blocks)
        if self._file.epoch not in self._epochs:
            add_epochs(self._connection, [self._file.epoch])
        return blocks[-1]

    def _commit_of(self, new: Sequence[StoredEvent], newest: Block) -> Commit:
        self._newest, self._stored_at_us = newest, new[-1].stored_at_us
        with suppress(OSError):  # the mark then lags behind; the events are on disk
            self._file.mark.write(Mark(new[-1].position, newest.checksum_at(newest.newest)))
        if self._file.epoch in self._epochs:
            return Commit(new, self._deletion.floor)
        self._epochs = [*self._epochs, self._file.epoch]
        return Commit(new, self._deletion.floor, Epochs(self._epochs))
