"""The look that a start takes at a log: what does not fit together is refused, and a lost end is reported.

It reads the records, the newest events and the mark. After a crash it has SQLite walk the whole file too, because a `-wal` file
that does not belong to it can put old pages anywhere.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from typing import NamedTuple

from app.events.position import Epoch, Floor
from app.stores.sqlite.blocks import BLOCK_EVENTS, Block
from app.stores.sqlite.errors import Damaged
from app.stores.sqlite.file.mark import Mark
from app.stores.sqlite.pages import read_run
from app.stores.sqlite.records import read_block, read_blocks, read_epochs, read_floor, read_newest_block

NEWEST_EVENTS = 1024  # are verified at every start: some milliseconds
WALK_SECONDS = 10  # for the walk after a crash, which takes half a second for a million events; then the start goes on
WALK_STEPS = 100_000  # of SQLite's machine, some milliseconds, between two looks at the time

logger = logging.getLogger(__name__)


class Found(NamedTuple):
    """A sound log as a start found it: its epochs, its floor, its newest block, and when its newest event was stored."""

    epochs: list[Epoch]
    floor: Floor
    newest: Block
    newest_stored_at_us: int


def inspect(connection: sqlite3.Connection) -> Found:
    """Read the records and the newest events. Raises Damaged, sqlite3.Error."""
    floor, epochs, newest = read_floor(connection), read_epochs(connection), read_newest_block(connection)
    for _ in read_blocks(connection, min(floor.offset // BLOCK_EVENTS, newest.number), newest.number):
        pass
    if newest.newest < floor.offset:
        raise Damaged(f"its newest event has offset {newest.newest}, but those through {floor.offset} were deleted")
    if epochs and epochs[-1].first_offset > newest.newest + 1:
        raise Damaged(f"its newest event has offset {newest.newest}, but an epoch began at {epochs[-1].first_offset}")
    _require_ends(connection, floor.offset, newest.newest)
    if floor.offset == newest.newest:
        return Found(epochs, floor, newest, floor.stored_at_us)
    events = read_run(connection, max(floor.offset, newest.newest - NEWEST_EVENTS), newest.newest)
    return Found(epochs, floor, newest, events[-1].stored_at_us)


def walk(connection: sqlite3.Connection) -> None:
    """Have SQLite check the structure of the whole file. Raises Damaged, sqlite3.Error."""
    give_up_at = time.monotonic() + WALK_SECONDS
    connection.set_progress_handler(lambda: int(time.monotonic() > give_up_at), WALK_STEPS)
    try:
        [(verdict,), *_] = connection.execute("PRAGMA quick_check(1)")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        logger.warning("The log is large and was not looked through after a crash; orders-events verify does it.")
        return
    finally:
        connection.set_progress_handler(None, 0)
    if verdict != "ok":
        raise Damaged(" ".join(str(verdict).split()))


def count_events(connection: sqlite3.Connection, found: Found) -> None:
    """Require as many events, and as many entries in the index of their ids, as there must be. Raises Damaged, sqlite3.Error."""
    [(events,)] = connection.execute("SELECT count(*) FROM events NOT INDEXED")
    [(event_ids,)] = connection.execute("SELECT count(*) FROM events")
    expected = found.newest.newest - found.floor.offset
    if (events, event_ids) != (expected, expected):
        raise Damaged(f"it has {events} events and {event_ids} event ids instead of {expected}")


def missing_events(connection: sqlite3.Connection, found: Found, mark: Mark | None) -> int:
    """Return how many events the log had when it was marked and has no more.

    Raises Damaged if the mark is that of another log, sqlite3.Error.
    """
    if mark is None:
        return 0
    offset = mark.position.offset
    if found.floor.offset < offset <= found.newest.newest:
        block = read_block(connection, (offset - 1) // BLOCK_EVENTS)
        if block.checksum_at(offset) != mark.checksum:
            raise Damaged(f"the event at offset {offset} is not the one that the mark beside it names")
    return max(0, offset - found.newest.newest)


def _require_ends(connection: sqlite3.Connection, floor: int, newest: int) -> None:
    [ends] = connection.execute("SELECT min(offset), max(offset) FROM events")
    expected = (floor + 1, newest) if floor < newest else (None, None)
    if ends != expected:
        raise Damaged(
            f"it holds the events from offset {ends[0]} through {ends[1]}, not from {expected[0]} through {expected[1]}"
        )
