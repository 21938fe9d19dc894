"""Reading and verifying the events of a SQLite log: no event is returned that does not match its checksum.

Events are read as columns (`EventColumns`), one text for each column, with one row of the result for all events: SQLite then makes
no row for each event, and holds up no other thread of Python meanwhile. That takes 0.4 of the time. If the columns do not match
the checksums, the events are read again, row by row, to find the first damaged event.

Each function reads within the transaction of its caller, and raises Damaged if stored bytes do not match their checksums,
sqlite3.Error if SQLite cannot read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from app.events.event import EventKey, StoredEvent
from app.events.event_columns import NO_EVENTS, EventColumns
from app.stores.sqlite.checksums import checksum_of, checksum_of_run, checksums_of
from app.stores.sqlite.errors import Damaged
from app.stores.sqlite.event_blocks import BLOCK_EVENTS, Expected
from app.stores.sqlite.records import read_block

# ruff: noqa: S608  # nothing but the names of columns is put into a statement

_ROWS = f"SELECT {', '.join(StoredEvent._fields)} FROM events"
_IN_RUN = "WHERE offset > ? AND offset <= ?"
_AT_OFFSETS = "WHERE offset IN (SELECT value FROM json_each(?))"
_WITH_KEYS = (
    "WHERE (event_id, owner) IN (SELECT json_extract(value, '$[1]'), json_extract(value, '$[0]') FROM json_each(?))"
)
_IN_ORDER = "ORDER BY offset"

_END_OF_TEXT = "\n"  # is in no stored text: the contract forbids it in ids and types, and JSON escapes it in data
_JOINED = ", ".join(
    f"group_concat({column}, '{_END_OF_TEXT}')"  # not char(10), which would be called for each event and column
    for column in (
        *("epoch", "event_type", "schema_version", "event_id"),
        *("coalesce(order_id, '')", "stored_at_us", "data", "owner"),
    )
)


def read_run(connection: sqlite3.Connection, after: int, through: int) -> EventColumns:
    """Return all events with `after` < offset <= `through`. The events must exist."""
    offsets = range(after + 1, through + 1)
    events = _read_columns(connection, _IN_RUN, (after, through), offsets)
    first = read_block(connection, after // BLOCK_EVENTS)
    last = first if through <= first.newest else read_block(connection, (through - 1) // BLOCK_EVENTS)
    if events and checksum_of_run(events, first.checksum_at(after)) == last.checksum_at(through):
        return events
    return _read_rows(connection, _IN_RUN, (after, through), expected_at(connection, offsets))


def read_expected(connection: sqlite3.Connection, expected: Sequence[Expected]) -> EventColumns:
    """Return the events that a block lists, in the order of their offsets."""
    if not expected:
        return NO_EVENTS
    offsets, befores, checksums = zip(*expected, strict=True)
    values = (json.dumps(offsets),)
    events = _read_columns(connection, _AT_OFFSETS, values, offsets)
    if events and checksums_of(events, befores) == [*checksums]:
        return events
    return _read_rows(connection, _AT_OFFSETS, values, expected)


def read_at(connection: sqlite3.Connection, offset: int) -> StoredEvent:
    """Return the event at an offset. The event must exist."""
    [event] = read_expected(connection, [*expected_at(connection, [offset])])
    return event


def read_events(connection: sqlite3.Connection, keys: Sequence[EventKey], newest: int) -> dict[EventKey, StoredEvent]:
    """Return the events that have the given owners and event ids, as a dictionary. Events after the offset `newest` are ignored."""
    rows = connection.execute(f"{_ROWS} {_WITH_KEYS} {_IN_ORDER}", (json.dumps(keys),)).fetchall()
    rows = [row for row in rows if row[0] <= newest]
    _verify(expected_at(connection, [row[0] for row in rows]), rows)
    return {event.key: event for event in map(StoredEvent._make, rows)}


def expected_at(connection: sqlite3.Connection, offsets: Iterable[int]) -> Iterator[Expected]:
    """Yield what the blocks say of the events at ascending offsets."""
    block = None
    for offset in offsets:
        if block is None or not block.before < offset <= block.newest:
            block = read_block(connection, (offset - 1) // BLOCK_EVENTS)
        yield block.expected(offset)


def _read_columns(
    connection: sqlite3.Connection, where: str, values: Sequence[object], offsets: Sequence[int]
) -> EventColumns | None:
    """Read events as columns, without verifying them. `offsets`: the offsets of the events that must be found.

    Returns None if SQLite does not return one text for each event and column. The reason can be damage, or that the joined
    texts would be longer than SQLite allows (1 GB). The order of the events is that of SQLite's search; a checksum confirms
    that it is the right one.
    """
    try:
        texts = connection.execute(f"SELECT {_JOINED} FROM events {where}", values).fetchone()
    except sqlite3.Error:
        return None  # reading row by row finds the cause, or does without
    columns = [(text or "").split(_END_OF_TEXT) for text in texts]
    if any(len(column) != len(offsets) for column in columns):
        return None
    return EventColumns([*map(str, offsets)], *columns)


def _read_rows(
    connection: sqlite3.Connection, where: str, values: Sequence[object], expected: Iterable[Expected]
) -> EventColumns:
    rows = connection.execute(f"{_ROWS} {where} {_IN_ORDER}", values).fetchall()
    _verify(expected, rows)
    return EventColumns.of(map(StoredEvent._make, rows))


def _verify(expected: Iterable[Expected], rows: Sequence[tuple[object, ...]]) -> None:
    """Raise Damaged if `rows` (read from the database, in order) are not the expected events: one is missing, does not match its
    checksum, or is too many.
    """
    place, offset = 0, 0
    for offset, before, checksum in expected:
        if place == len(rows) or rows[place][0] != offset:
            raise Damaged(f"the event at offset {offset} is missing", offset)
        if checksum_of(rows[place], before) != checksum:
            raise Damaged(f"the event at offset {offset} does not match its checksum", offset)
        place += 1
    if place < len(
        rows
    ):  # SQLite takes the order of rows for granted, so a zeroed row does not end a range, but is in it
        raise Damaged(f"after the event at offset {offset} there is a damaged row", offset + 1)
