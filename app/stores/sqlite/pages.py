"""Reading events from a SQLite log. Each function reads within the transaction of its caller, and verifies every event that it
returns.

The offsets in a log have no holes: the file has every event after the newest deleted event. All functions raise Damaged if
stored bytes do not match their checksums, and sqlite3.Error if SQLite cannot read.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice

from app.events.event import StoredEvent
from app.events.filter import Filter
from app.events.log.event_store import BelowFloor, Page
from app.stores.sqlite.checksums import checksum_of, checksum_of_run
from app.stores.sqlite.errors import Damaged
from app.stores.sqlite.event_blocks import BLOCK_EVENTS, Expected, FilterKeys, filter_keys
from app.stores.sqlite.records import read_block, read_blocks, read_floor, read_newest_block

EXAMINED_PER_READ = 10_000  # offsets; a search that finds nothing takes a millisecond or two, then others have a turn
EXAMINED_BY_ORDER = (
    100_000  # offsets; one order has few events, and a block without any is passed in a microsecond or two
)

# ruff: noqa: S608  # nothing but the names of columns is put into a statement

_SELECT = f"SELECT {', '.join(StoredEvent._fields)} FROM events"
_RUN = f"{_SELECT} WHERE offset > ? AND offset <= ? ORDER BY offset"
_AT = f"{_SELECT} WHERE offset IN (SELECT value FROM json_each(?)) ORDER BY offset"
_WITH_IDS = f"{_SELECT} WHERE event_id IN (SELECT value FROM json_each(?))"

_stored_event = partial(tuple.__new__, StoredEvent)  # half the time of StoredEvent._make, on every event of a replay


def read_page(connection: sqlite3.Connection, after: int, through: int, filter: Filter, limit: int) -> Page:
    """Return a page of matching events, as `EventStore.read` does; `through` must not be greater than the offset of the newest
    event.
    """
    floor = read_floor(connection)
    if after < floor.offset:
        raise BelowFloor(floor)
    if after >= through:
        return Page([], after)
    keys = filter_keys(filter)
    if keys is None:
        through = min(through, after + limit, after + EXAMINED_PER_READ)
        return Page(read_run(connection, after, through), through)
    through = min(through, after + (EXAMINED_PER_READ if keys.orders is None else EXAMINED_BY_ORDER))
    found = [*islice(_candidates(connection, keys, after, through), limit)]
    events = [event for event in _read_expected(connection, found) if filter.matches(event)]
    return Page(events, found[-1].offset if len(found) == limit else through)


def read_run(connection: sqlite3.Connection, after: int, through: int) -> list[StoredEvent]:
    """Return all events with `after` < offset <= `through`. The events must exist."""
    events = [*map(_stored_event, connection.execute(_RUN, (after, through)))]
    first = read_block(connection, after // BLOCK_EVENTS)
    last = first if through <= first.newest else read_block(connection, (through - 1) // BLOCK_EVENTS)
    if len(events) == through - after and checksum_of_run(events, first.checksum_at(after)) == last.checksum_at(
        through
    ):
        return events
    _verify(_expected(connection, range(after + 1, through + 1)), events)
    raise Damaged(f"the events from offset {after + 1} through {through} do not follow each other", after + 1)


def read_at(connection: sqlite3.Connection, offset: int) -> StoredEvent:
    """Return the event at an offset. The event must exist."""
    [event] = _read_expected(connection, [*_expected(connection, [offset])])
    return event


def read_events(connection: sqlite3.Connection, event_ids: Sequence[str], newest: int) -> dict[str, StoredEvent]:
    """Return the events that have the given event ids, as a dictionary by event id. Events after the offset `newest` are
    ignored.
    """
    rows = sorted(connection.execute(_WITH_IDS, (json.dumps(event_ids),)).fetchall())
    rows = [row for row in rows if row[0] <= newest]
    _verify(_expected(connection, [row[0] for row in rows]), rows)
    return {event.event_id: event for event in map(_stored_event, rows)}


def offset_before(connection: sqlite3.Connection, stored_at_us: int) -> int:
    """Return the offset just before the first event that was stored at or after a time, as `EventStore.offset_before` does.

    Storing times never decrease from event to event, so a binary search by offset finds this event without an index of times.
    """
    floor = read_floor(connection)
    offsets = range(floor.offset + 1, read_newest_block(connection).newest + 1)
    return floor.offset + bisect_left(
        offsets, stored_at_us, key=lambda offset: read_at(connection, offset).stored_at_us
    )


def _candidates(connection: sqlite3.Connection, keys: FilterKeys, after: int, through: int) -> Iterator[Expected]:
    for block in read_blocks(connection, after // BLOCK_EVENTS, (through - 1) // BLOCK_EVENTS):
        yield from keys.candidates(block, after, through)


def _expected(connection: sqlite3.Connection, offsets: Iterable[int]) -> Iterator[Expected]:
    block = None
    for offset in offsets:
        if block is None or not block.before < offset <= block.newest:
            block = read_block(connection, (offset - 1) // BLOCK_EVENTS)
        yield block.expected(offset)


def _read_expected(connection: sqlite3.Connection, expected: Sequence[Expected]) -> list[StoredEvent]:
    rows = connection.execute(_AT, (json.dumps([each.offset for each in expected]),)).fetchall()
    _verify(expected, rows)
    return [*map(_stored_event, rows)]


def _verify(expected: Iterable[Expected], rows: Sequence[tuple[object, ...]]) -> None:
    """Raise Damaged if an expected event is missing in `rows` (read from the database, in order), or does not match its
    checksum.
    """
    for place, each in enumerate(expected):
        if place == len(rows) or rows[place][0] != each.offset:
            raise Damaged(f"the event at offset {each.offset} is missing", each.offset)
        if checksum_of(rows[place], each.before) != each.checksum:
            raise Damaged(f"the event at offset {each.offset} does not match its checksum", each.offset)
