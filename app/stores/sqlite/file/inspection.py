"""The inspection of a log at the start of a server: its parts must agree with each other.

The parts are its records, its newest events, the structure of the database file, and the mark (a small file that records the
newest event).
"""

from __future__ import annotations

import logging
import sqlite3
import time
from typing import NamedTuple

from app.events.position import Epoch, Floor
from app.stores.sqlite.errors import Damaged
from app.stores.sqlite.event_blocks import BLOCK_EVENTS, Block, continues
from app.stores.sqlite.file.mark import Mark
from app.stores.sqlite.reading.verified_reads import read_run
from app.stores.sqlite.records import read_block, read_blocks, read_epochs, read_floor, read_id_key, read_newest_block

NEWEST_EVENTS = 1024  # are verified at every start: some milliseconds
INTEGRITY_SECONDS = 0.5  # for the whole check of a log of some hundred thousand events, index of ids included
STRUCTURE_SECONDS = 10  # for the structure alone: half a second for a million events
STEPS_BETWEEN_LOOKS = 100_000  # of SQLite's machine, some milliseconds, between two looks at the time

logger = logging.getLogger(__name__)


class Found(NamedTuple):
    """The result of inspecting an undamaged log.

    `epochs`: the recorded epochs (one for each start of a server). `floor`: the newest deleted event. `newest`: the newest
    block (record that describes 256 events). `newest_stored_at_us`: when the newest event was stored, in microseconds since
    1970-01-01 UTC. `id_key`: the key of the opaque ids.
    """

    id_key: bytes
    epochs: list[Epoch]
    floor: Floor
    newest: Block
    newest_stored_at_us: int


def inspect(connection: sqlite3.Connection) -> Found:
    """Read and check the records and the newest events of a log, and return the result. Raises Damaged if they do not agree,
    sqlite3.Error.
    """
    found = inspect_copy(connection)
    newest = found.newest.newest
    if found.epochs and found.epochs[-1].first_offset > newest + 1:
        raise Damaged(f"its newest event has offset {newest}, but an epoch began at {found.epochs[-1].first_offset}")
    return found


def inspect_copy(connection: sqlite3.Connection) -> Found:
    """Do as `inspect` does, for a copy of a log. Epochs may begin after the newest event of a copy, because the log may have
    more events.
    """
    floor, epochs, newest = read_floor(connection), read_epochs(connection), read_newest_block(connection)
    id_key = read_id_key(connection)
    before = None
    for block in read_blocks(connection, min(floor.offset // BLOCK_EVENTS, newest.number), newest.number):
        if before is not None and not continues(before, block):
            raise Damaged(
                f"the description of the events after offset {block.before} is of another time", block.before + 1
            )
        before = block
    if newest.newest < floor.offset:
        raise Damaged(f"its newest event has offset {newest.newest}, but those through {floor.offset} were deleted")
    _require_ends(connection, floor.offset, newest.newest)
    if floor.offset == newest.newest:
        return Found(id_key, epochs, floor, newest, floor.stored_at_us)
    events = read_run(connection, max(floor.offset, newest.newest - NEWEST_EVENTS), newest.newest)
    return Found(id_key, epochs, floor, newest, events[-1].stored_at_us)


def require_integrity(connection: sqlite3.Connection, *, crashed: bool) -> None:
    """Run SQLite's own integrity check of the database file, for a limited time. Raises Damaged, sqlite3.Error.

    `crashed`: True if the log was not closed. More time is then spent on the structure of the file, because a `-wal` file that
    belongs to another database can put old pages anywhere in the file.
    """
    if _checked(connection, "PRAGMA integrity_check(1)", INTEGRITY_SECONDS) or not crashed:
        return
    if not _checked(connection, "PRAGMA quick_check(1)", STRUCTURE_SECONDS):
        logger.warning("The log is large and was not checked as a whole after a crash; orders-events verify does it.")


def _checked(connection: sqlite3.Connection, check: str, seconds: float) -> bool:
    """Run one of SQLite's checks. Returns True if the check found nothing, False if the check did not end in the given time.

    Raises Damaged if the check found an error.
    """
    give_up_at = time.monotonic() + seconds
    connection.set_progress_handler(lambda: int(time.monotonic() > give_up_at), STEPS_BETWEEN_LOOKS)
    try:
        [(verdict,), *_] = connection.execute(check)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return False
        raise
    finally:
        connection.set_progress_handler(None, 0)
    if verdict != "ok":
        raise Damaged(" ".join(str(verdict).split()))
    return True


def count_events(connection: sqlite3.Connection, found: Found) -> None:
    """Check that the log has as many events, and as many event ids in the index, as its records say. Raises Damaged,
    sqlite3.Error.
    """
    [(events,)] = connection.execute("SELECT count(*) FROM main.events NOT INDEXED")
    [(event_ids,)] = connection.execute("SELECT count(*) FROM main.events")
    expected = found.newest.newest - found.floor.offset
    if (events, event_ids) != (expected, expected):
        raise Damaged(f"it has {events} events and {event_ids} event ids instead of {expected}")


def missing_events(connection: sqlite3.Connection, found: Found, mark: Mark) -> int:
    """Return how many events are missing at the end of the log, compared with its mark (a small file that records the newest
    event).

    Raises Damaged if the mark belongs to another log, sqlite3.Error if the log cannot be read.
    """
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
