"""The records of a SQLite log other than its events. Each record has a checksum.

They are the epochs (one for each start of a server on the log), the floor (the newest deleted event), the key of the opaque ids, and the
blocks (each describes 256 events). All functions raise Damaged if a record is missing or does not match its checksum, and sqlite3.Error if
SQLite fails.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from app.events.position import Epoch, Floor
from app.stores.sqlite.checksums import checksum_of_record
from app.stores.sqlite.errors import Damaged
from app.stores.sqlite.event_blocks import Block, is_well_formed


def read_epochs(connection: sqlite3.Connection) -> list[Epoch]:
    """Return all recorded epochs of the log (one for each start of a server), oldest first."""
    epochs: list[Epoch] = []
    checksum = 0
    for name, first_offset, stored in connection.execute(
        "SELECT name, first_offset, checksum FROM epochs ORDER BY start"
    ):
        checksum = checksum_of_record(checksum, name, first_offset)
        if stored != checksum:
            raise Damaged("the record of its epochs does not match its checksum")
        epochs.append(Epoch(name, first_offset))
    return epochs


def add_epochs(connection: sqlite3.Connection, epochs: Iterable[Epoch]) -> None:
    """Record further epochs of the log (one for each start of a server). The checksum of an epoch continues from the checksum
    of the epoch before.
    """
    last = connection.execute("SELECT checksum FROM epochs ORDER BY start DESC LIMIT 1").fetchone()
    checksum = last[0] if last else 0
    for name, first_offset in epochs:
        checksum = checksum_of_record(checksum, name, first_offset)
        connection.execute(
            "INSERT INTO epochs (name, first_offset, checksum) VALUES (?, ?, ?)", (name, first_offset, checksum)
        )


def replace_epochs(connection: sqlite3.Connection, epochs: Iterable[Epoch]) -> None:
    """Record epochs in place of those that are recorded."""
    connection.execute("DELETE FROM epochs")
    add_epochs(connection, epochs)


def read_floor(connection: sqlite3.Connection) -> Floor:
    row = connection.execute("SELECT offset, stored_at_us, checksum FROM floor").fetchone()
    if row is None or checksum_of_record(*row[:2]) != row[2]:
        raise Damaged("the record of its newest deleted event does not match its checksum")
    return Floor(*row[:2])


def write_floor(connection: sqlite3.Connection, floor: Floor) -> None:
    connection.execute(
        "UPDATE floor SET offset = ?, stored_at_us = ?, checksum = ?", (*floor, checksum_of_record(*floor))
    )


def read_id_key(connection: sqlite3.Connection) -> bytes:
    """Return the key with which the ids of restricted readers are encrypted."""
    row = connection.execute("SELECT key, checksum FROM id_key").fetchone()
    if row is None or not isinstance(row[0], bytes) or checksum_of_record(row[0].hex()) != row[1]:
        raise Damaged("the record of the key of its opaque ids does not match its checksum")
    return row[0]


def add_id_key(connection: sqlite3.Connection, key: bytes) -> None:
    connection.execute("INSERT INTO id_key VALUES (?, ?)", (key, checksum_of_record(key.hex())))


def read_block(connection: sqlite3.Connection, number: int) -> Block:
    [block] = read_blocks(connection, number, number)
    return block


def read_newest_block(connection: sqlite3.Connection) -> Block:
    [(number,)] = connection.execute("SELECT max(number) FROM blocks")
    if not isinstance(number, int):
        raise Damaged("the description of its events is missing")
    return read_block(connection, number)


def read_blocks(connection: sqlite3.Connection, first: int, last: int) -> Iterator[Block]:
    """Yield the blocks (records that each describe 256 events) with the numbers `first` to `last`. These blocks must exist."""
    expected = first
    rows = connection.execute(
        "SELECT number, entries, owner_keys, checksum FROM blocks WHERE number BETWEEN ? AND ? ORDER BY number",
        (first, last),
    )
    for number, entries, owner_keys, checksum in rows:
        if number != expected or not isinstance(entries, bytes) or not isinstance(owner_keys, bytes):
            break
        block = Block(number, entries, owner_keys)
        if block.checksum != checksum or not is_well_formed(block):
            break
        yield block
        expected += 1
    if expected <= last:
        raise _damaged_block(expected)


def write_blocks(connection: sqlite3.Connection, blocks: Iterable[Block]) -> None:
    """Write blocks (records that each describe 256 events). A stored block with the same number is replaced, because events
    were added to it.
    """
    connection.executemany(
        "REPLACE INTO blocks (number, entries, owner_keys, checksum) VALUES (?, ?, ?, ?)",
        [(*block, block.checksum) for block in blocks],
    )


def _damaged_block(number: int) -> Damaged:
    before = Block(number, b"").before
    return Damaged(
        f"the description of the events after offset {before} is missing or does not match its checksum", before + 1
    )
