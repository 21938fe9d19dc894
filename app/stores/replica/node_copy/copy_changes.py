"""The changes of a node's copy of a shared log, each in one transaction: the log has stored events, deleted them, or lost them.

A transaction is intact after `kill -9`. After a power cut the newest transactions may be missing: the node then reads their events
from the log again.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from app.events.errors import StoreUnavailable
from app.events.event import StoredEvent
from app.events.log.event_store import Commit
from app.events.position import Epochs, Floor
from app.stores.replica.node_copy.copy_file import lay_out, make_index
from app.stores.replica.node_copy.copy_writer import CopyWriter
from app.stores.sqlite.deletion import delete_through
from app.stores.sqlite.event_blocks import Block, block_of_forgotten, extended, shortened
from app.stores.sqlite.file.inspection import Found
from app.stores.sqlite.file.lock import FileLock
from app.stores.sqlite.file.look import refusing
from app.stores.sqlite.insertion import insert_events
from app.stores.sqlite.reading.verified_reads import read_at
from app.stores.sqlite.records import read_block, replace_epochs, write_blocks, write_floor


@dataclass(frozen=True, slots=True)
class CopyState:
    """The state of a copy at one moment.

    `epochs`: those of the log; the newest may begin after the head of the copy. `floor`: the newest deleted event. `newest`: the
    newest event; None if the copy has no events. `block`: the newest block (record that describes up to 256 events).
    """

    epochs: Epochs
    floor: Floor
    id_key: bytes
    newest: StoredEvent | None
    block: Block

    @property
    def head(self) -> int:
        """The offset of the newest event that the copy has or had."""
        return self.block.newest


class CopyChanges:
    """All changes of one copy. Its methods run on one thread, one at a time, with the only connection that may write.

    `path`: the path of the copy. `lock`: its lock. `vfs`: the SQLite VFS (file access layer) to use. `found`: the result of the
    inspection of the file; None if there is no copy yet. `on_damage`: called if a change finds damage. Raises StoreRefused if no
    file can be written there.
    """

    def __init__(
        self, path: Path, lock: FileLock, vfs: str, found: Found | None, on_damage: Callable[[], None]
    ) -> None:
        self.is_indexed = False
        with refusing(path):
            self._writer = CopyWriter(path, lock, vfs, on_damage)
            self.state = None if found is None else _state_of(found, self._writer.connection)

    def begin(self, epochs: Epochs, deleted_through: int, id_key: bytes) -> CopyState:
        """Make the copy anew, without events, for a log whose events through an offset are deleted."""
        floor = Floor(deleted_through, time.time_ns() // 1000 if deleted_through else 0)
        with self._writer.changing(expected=None) as connection:
            lay_out(connection, epochs, floor, id_key)
        self.is_indexed = False
        self.state = CopyState(epochs, floor, id_key, None, block_of_forgotten(deleted_through))
        return self.state

    def index(self) -> None:
        """Make the index of event ids, if there is none."""
        with self._writer.changing(self.required_state().block) as connection:
            make_index(connection)
        self.is_indexed = True

    def add(self, events: Sequence[StoredEvent], epochs: Epochs | None, deleted_through: int) -> Commit:
        """Add events, record the epochs of the log if they are given, and delete events through an offset."""
        state = self.required_state()
        with self._writer.changing(state.block) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            if events and events[0].offset > state.head + 1:
                state = _without_deleted(connection, state, deleted_through)
            events = _in_time(events, state.newest)
            state = _without_deleted(connection, _with_events(connection, state, events), deleted_through)
            if epochs is not None:
                replace_epochs(connection, epochs)
                state = replace(state, epochs=epochs)
        self.state = state
        return Commit(events, state.floor, epochs)

    def cut(self, after: int) -> CopyState:
        """Remove the events after an offset, which is not below the floor."""
        state = self.required_state()
        if not state.floor.offset <= after <= state.head:
            raise ValueError(f"The copy has no event at offset {after} after which it could be cut.")
        with self._writer.changing(state.block) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            state = _shortened(connection, state, after)
        self.state = state
        return state

    def close(self) -> None:
        self._writer.close()

    def required_state(self) -> CopyState:
        if self.state is None:
            raise StoreUnavailable("There is no copy of the log yet.")
        return self.state


def _state_of(found: Found, connection: sqlite3.Connection) -> CopyState:
    head = found.newest.newest
    newest = read_at(connection, head) if head > found.floor.offset else None
    return CopyState(Epochs(found.epochs), found.floor, found.id_key, newest, found.newest)


def _in_time(events: Sequence[StoredEvent], newest: StoredEvent | None) -> Sequence[StoredEvent]:
    """Return events with storing times that never decrease. The times of a log that several servers write may do so."""
    last_us = newest.stored_at_us if newest is not None else 0
    times = accumulate((event.stored_at_us for event in events), max, initial=last_us)
    next(times)
    return [
        event if event.stored_at_us == time_us else event._replace(stored_at_us=time_us)
        for event, time_us in zip(events, times, strict=True)
    ]


def _with_events(connection: sqlite3.Connection, state: CopyState, events: Sequence[StoredEvent]) -> CopyState:
    if not events:
        return state
    if [event.offset for event in events] != [*range(state.head + 1, state.head + 1 + len(events))]:
        raise ValueError(f"The events from offset {events[0].offset} do not follow the head {state.head} of the copy.")
    if state.newest is None and state.floor.offset:  # the deleted events were stored before these
        state = replace(state, floor=Floor(state.floor.offset, min(state.floor.stored_at_us, events[0].stored_at_us)))
        write_floor(connection, state.floor)
    insert_events(connection, events, unless_known=False)
    blocks = extended(state.block, events)
    write_blocks(connection, blocks)
    return replace(state, newest=events[-1], block=blocks[-1])


def _without_deleted(connection: sqlite3.Connection, state: CopyState, through: int) -> CopyState:
    """Delete the events through an offset. If it is not below the head, the copy is then empty."""
    if through <= state.floor.offset:
        return state
    now_us = time.time_ns() // 1000
    if through < state.head:
        return replace(state, floor=delete_through(connection, through, state.block, now_us))
    floor = Floor(through, state.newest.stored_at_us if state.newest is not None and through == state.head else now_us)
    connection.execute("DELETE FROM events")
    connection.execute("DELETE FROM blocks")
    block = state.block if through == state.head else block_of_forgotten(through)
    write_blocks(connection, [block])
    write_floor(connection, floor)
    return replace(state, floor=floor, newest=None, block=block)


def _shortened(connection: sqlite3.Connection, state: CopyState, after: int) -> CopyState:
    newest, block = None, block_of_forgotten(after)
    if after > state.floor.offset:
        newest, block = read_at(connection, after), shortened(read_block(connection, block.number), after)
    connection.execute("DELETE FROM events WHERE offset > ?", (after,))
    connection.execute("DELETE FROM blocks WHERE number > ?", (block.number,))
    write_blocks(connection, [block])
    return replace(state, newest=newest, block=block)
