"""The format of a SQLite log: its tables, and the steps that upgrade a file which was written by an older version of this
software.

The number of the format is in the header of the file (`PRAGMA user_version`). This software can read one format. At the start,
a server upgrades a file of an older format, and refuses a file of a newer format. To change the tables, increase FORMAT and
add a step to STEPS.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping

from app.events.event import StoredEvent
from app.events.position import Epoch, Floor
from app.stores.sqlite.errors import Damaged
from app.stores.sqlite.event_blocks import BLOCK_EVENTS, EMPTY, Block, block_of_forgotten, extended
from app.stores.sqlite.records import add_epochs, write_blocks, write_floor

APPLICATION_ID = 0x4F724576  # "OrEv", in the header of the file
FORMAT = 2

EVENTS = """
CREATE TABLE events (
    offset INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL,
    event_type TEXT NOT NULL,
    schema_version TEXT NOT NULL,
    event_id TEXT NOT NULL UNIQUE,
    order_id TEXT,
    stored_at_us INTEGER NOT NULL,
    data TEXT NOT NULL
) STRICT"""
RECORDS = (
    "CREATE TABLE blocks (number INTEGER PRIMARY KEY, entries BLOB NOT NULL, checksum INTEGER NOT NULL) STRICT",
    """
CREATE TABLE epochs (
    start INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first_offset INTEGER NOT NULL, checksum INTEGER NOT NULL
) STRICT""",
    "CREATE TABLE floor (offset INTEGER NOT NULL, stored_at_us INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT",
    "INSERT INTO floor VALUES (0, 0, 0)",
)


def lay_out(connection: sqlite3.Connection) -> None:
    """Create the tables of a new log without events. Raises sqlite3.Error."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(EVENTS)
        _make_records(connection, Floor(0, 0), [], [EMPTY])
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {FORMAT}")


def upgrade(connection: sqlite3.Connection, version: int) -> None:
    """Upgrade a log from an older format to the present format, in one transaction. Raises Damaged, sqlite3.Error."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for older in range(version, FORMAT):
            STEPS[older](connection)
        connection.execute(f"PRAGMA user_version = {FORMAT}")


def _add_checksums(connection: sqlite3.Connection) -> None:
    """Upgrade a log from format 1 to format 2. The events are not changed.

    Format 2 has blocks (records with the checksums of 256 events each), which replace the index of order ids, and checksums of
    the other records.
    """
    epochs = [Epoch(*row) for row in connection.execute("SELECT name, first_offset FROM epochs ORDER BY start")]
    floor = Floor(*connection.execute("SELECT offset, stored_at_us FROM floor").fetchone())
    for statement in ("DROP INDEX events_by_order", "DROP TABLE epochs", "DROP TABLE floor"):
        connection.execute(statement)
    rows = connection.execute(f"SELECT {', '.join(StoredEvent._fields)} FROM events ORDER BY offset")  # noqa: S608 - nothing but column names is put in
    _make_records(connection, floor, epochs, _described(floor.offset, map(StoredEvent._make, rows)))


def _make_records(
    connection: sqlite3.Connection, floor: Floor, epochs: Iterable[Epoch], blocks: Iterable[Block]
) -> None:
    for statement in RECORDS:
        connection.execute(statement)
    write_floor(connection, floor)
    add_epochs(connection, epochs)
    write_blocks(connection, blocks)


def _described(floor: int, events: Iterable[StoredEvent]) -> Iterable[Block]:
    """Yield the blocks (records that each describe 256 events) for all events after the offset `floor`. Raises Damaged if an
    event is missing.
    """
    block, piece = block_of_forgotten(floor), []
    for offset, event in enumerate(events, floor + 1):
        if event.offset != offset:
            raise Damaged(f"the event at offset {offset} is missing", offset)
        piece.append(event)
        if offset % BLOCK_EVENTS == 0:
            [*_, block] = extended(block, piece)
            yield block
            piece.clear()
    yield from extended(block, piece) or [block]


STEPS: Mapping[int, Callable[[sqlite3.Connection], None]] = {1: _add_checksums}
"""For each older format, by its number: the step that upgrades a log to the next format."""
