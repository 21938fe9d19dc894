"""The format of a SQLite log: its tables, and the steps that upgrade a file which was written by an older version of this
software.

The number of the format is in the header of the file (`PRAGMA user_version`). This software can read one format. At the start,
a server upgrades a file of an older format, and refuses a file of a newer format.

Format 1 has no checksums. Format 2 has blocks (records with the checksums of 256 events each) and checksums of the other records.
Format 3 has the owners of events, and an event id is unique for each owner. The checksum of an event without an owner is the same
as in format 2. It also has the key of the opaque ids: the key is in the log, so that a backup has it, and ids outlive restarts.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable

from app.events.event import StoredEvent
from app.events.log.event_store import ID_KEY_BYTES
from app.events.position import Epoch, Floor
from app.stores.sqlite.errors import Damaged
from app.stores.sqlite.event_blocks import BLOCK_EVENTS, EMPTY, Block, block_of_forgotten, extended
from app.stores.sqlite.records import add_epochs, add_id_key, write_blocks, write_floor

APPLICATION_ID = 0x4F724576  # "OrEv", in the header of the file
FORMAT = 3
CHECKSUMS_SINCE = 2  # the format

EVENTS = (
    """
CREATE TABLE events (
    offset INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL,
    event_type TEXT NOT NULL,
    schema_version TEXT NOT NULL,
    event_id TEXT NOT NULL,
    order_id TEXT,
    stored_at_us INTEGER NOT NULL,
    data TEXT NOT NULL,
    owner TEXT NOT NULL
) STRICT""",
    # The event id is first: new ids ascend, so new entries of the index are all added at its end.
    "CREATE UNIQUE INDEX events_by_id ON events (event_id, owner)",
)
RECORDS = (
    """
CREATE TABLE blocks (
    number INTEGER PRIMARY KEY, entries BLOB NOT NULL, checksum INTEGER NOT NULL, owner_keys BLOB NOT NULL DEFAULT x''
) STRICT""",
    """
CREATE TABLE epochs (
    start INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first_offset INTEGER NOT NULL, checksum INTEGER NOT NULL
) STRICT""",
    "CREATE TABLE floor (offset INTEGER NOT NULL, stored_at_us INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT",
    "INSERT INTO floor VALUES (0, 0, 0)",
)
ID_KEY = "CREATE TABLE id_key (key BLOB NOT NULL, checksum INTEGER NOT NULL) STRICT"


def lay_out(connection: sqlite3.Connection) -> None:
    """Create the tables of a new log without events. Raises sqlite3.Error."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in EVENTS:
            connection.execute(statement)
        make_records(connection, Floor(0, 0), [], [EMPTY])
        make_id_key(connection, secrets.token_bytes(ID_KEY_BYTES))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {FORMAT}")


def make_id_key(connection: sqlite3.Connection, key: bytes) -> None:
    """Create the table of the key of the opaque ids. Raises sqlite3.Error."""
    connection.execute(ID_KEY)
    add_id_key(connection, key)


def make_records(
    connection: sqlite3.Connection, floor: Floor, epochs: Iterable[Epoch], blocks: Iterable[Block]
) -> None:
    """Create the tables of the floor (the newest deleted event), the epochs and the blocks, and fill them. Raises sqlite3.Error."""
    for statement in RECORDS:
        connection.execute(statement)
    write_floor(connection, floor)
    add_epochs(connection, epochs)
    write_blocks(connection, blocks)


def upgrade(connection: sqlite3.Connection, version: int) -> None:
    """Upgrade a log from an older format to the present format, in one transaction. Raises Damaged, sqlite3.Error.

    The file grows to twice its size, because SQLite can change a unique index of a table only by writing the table anew.
    """
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        _add_owners(connection)
        if version < CHECKSUMS_SINCE:
            _add_checksums(connection)
        else:
            connection.execute("ALTER TABLE blocks ADD COLUMN owner_keys BLOB NOT NULL DEFAULT x''")
        make_id_key(connection, secrets.token_bytes(ID_KEY_BYTES))
        connection.execute(f"PRAGMA user_version = {FORMAT}")


def show_as_present(connection: sqlite3.Connection, version: int) -> None:
    """Let statements read a log of an older format that has checksums as if it had the present format. The file is not changed."""
    if CHECKSUMS_SINCE <= version < FORMAT:
        connection.execute("CREATE TEMP VIEW events AS SELECT *, '' AS owner FROM main.events")
        connection.execute("CREATE TEMP VIEW blocks AS SELECT *, x'' AS owner_keys FROM main.blocks")
        connection.execute("CREATE TEMP TABLE id_key (key, checksum)")
        add_id_key(connection, bytes(ID_KEY_BYTES))  # nobody is sent an id that is encrypted with it


def _add_owners(connection: sqlite3.Connection) -> None:
    """Write the table of events anew with an owner for each event; the events of an older log have none."""
    connection.execute("ALTER TABLE events RENAME TO older_events")
    table, index = EVENTS
    connection.execute(table)
    connection.execute("INSERT INTO events SELECT *, '' FROM older_events ORDER BY offset")
    connection.execute("DROP TABLE older_events")
    connection.execute(
        index
    )  # now, because SQLite sorts the ids of existing events: that is faster than adding them one by one


def _add_checksums(connection: sqlite3.Connection) -> None:
    """Describe the events of a log of format 1 in blocks, and add checksums to its other records."""
    epochs = [Epoch(*row) for row in connection.execute("SELECT name, first_offset FROM epochs ORDER BY start")]
    floor = Floor(*connection.execute("SELECT offset, stored_at_us FROM floor").fetchone())
    for table in ("epochs", "floor"):
        connection.execute(f"DROP TABLE {table}")
    rows = connection.execute(f"SELECT {', '.join(StoredEvent._fields)} FROM events ORDER BY offset")  # noqa: S608 - nothing but column names is put in
    make_records(connection, floor, epochs, _described(floor.offset, map(StoredEvent._make, rows)))


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
