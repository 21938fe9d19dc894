"""What is asked of a SQLite log; each function reads within the transaction of its caller.

Offsets have no holes: the events in the file are those after the floor, through the newest.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import NamedTuple

from app.events.event import StoredEvent
from app.events.filter import Filter
from app.events.log.event_store import BelowFloor, Page
from app.events.position import Epoch, Floor

EXAMINED_PER_READ = 10_000  # offsets; a search that finds nothing takes a millisecond or two, then others have a turn
INSERTED_AT_ONCE = (
    500  # events in a statement: Python lets go of its lock once for each, and a busy event loop is slow to return it
)
EXAMINED_BY_ORDER = 100_000  # offsets; the index leads to events of these orders only, and one order has few

_SELECT = f"SELECT {', '.join(StoredEvent._fields)} FROM events"  # noqa: S608 - nothing but column names is put in
_BY_ORDER = "INDEXED BY events_by_order"  # said, lest statistics that an administrator gathers lead to a scan
_BETWEEN = "WHERE offset > :after AND offset <= :through"
_OF_ORDERS = "AND order_id IN (SELECT value FROM json_each(:order_ids))"
_OF_TYPES = "AND event_type IN (SELECT value FROM json_each(:event_types))"
_WITH_IDS = "WHERE event_id IN (SELECT value FROM json_each(?))"
_FIRST = "ORDER BY offset LIMIT :limit"

PAGE_QUERIES = {  # by whether orders and types are named: few texts, so that SQLite keeps their statements
    (False, False): f"{_SELECT} {_BETWEEN} {_FIRST}",
    (False, True): f"{_SELECT} {_BETWEEN} {_OF_TYPES} {_FIRST}",
    (True, False): f"{_SELECT} {_BY_ORDER} {_BETWEEN} {_OF_ORDERS} {_FIRST}",
    (True, True): f"{_SELECT} {_BY_ORDER} {_BETWEEN} {_OF_ORDERS} {_OF_TYPES} {_FIRST}",
}


class Newest(NamedTuple):
    """The newest event that was ever stored, be it deleted: its offset, and when it was stored."""

    offset: int
    stored_at_us: int


def read_epochs(connection: sqlite3.Connection) -> list[Epoch]:
    return [Epoch(*row) for row in connection.execute("SELECT name, first_offset FROM epochs ORDER BY start")]


def read_floor(connection: sqlite3.Connection) -> Floor:
    return Floor(*connection.execute("SELECT offset, stored_at_us FROM floor").fetchone())


def read_newest(connection: sqlite3.Connection) -> Newest:
    row = connection.execute("SELECT offset, stored_at_us FROM events ORDER BY offset DESC LIMIT 1").fetchone()
    return Newest(*(row or read_floor(connection)))


def read_events(connection: sqlite3.Connection, event_ids: Sequence[str]) -> dict[str, StoredEvent]:
    """Find the retained events of these ids, by id."""
    rows = connection.execute(f"{_SELECT} {_WITH_IDS}", (json.dumps(event_ids),))
    return {event.event_id: event for event in map(StoredEvent._make, rows)}


def read_page(connection: sqlite3.Connection, after: int, through: int, filter: Filter, limit: int) -> Page:
    """Read as `EventStore.read` does."""
    floor = read_floor(connection)
    if after < floor.offset:
        raise BelowFloor(floor)
    examined = EXAMINED_PER_READ if filter.order_ids is None else EXAMINED_BY_ORDER
    through = max(after, min(through, after + examined, read_newest(connection).offset))
    query = PAGE_QUERIES[filter.order_ids is not None, filter.event_types is not None]
    values = {
        "after": after,
        "through": through,
        "order_ids": json.dumps([*(filter.order_ids or ())]),
        "event_types": json.dumps([*(filter.event_types or ())]),
        "limit": limit,
    }
    events = [StoredEvent._make(row) for row in connection.execute(query, values)]
    return Page(events, events[-1].offset if len(events) == limit else through)


def offset_before(connection: sqlite3.Connection, stored_at_us: int) -> int:
    """Find as `EventStore.offset_before` does. Times do not decrease, so the primary key is their index too."""

    def stored_at(offset: int) -> int:
        [(time_us,)] = connection.execute("SELECT stored_at_us FROM events WHERE offset = ?", (offset,))
        return int(time_us)

    floor = read_floor(connection)
    offsets = range(floor.offset + 1, read_newest(connection).offset + 1)
    return floor.offset + bisect_left(offsets, stored_at_us, key=stored_at)


def insert_events(connection: sqlite3.Connection, events: Sequence[StoredEvent]) -> int:
    """Add events but those whose `event_id` is there already; return how many were added."""
    parts = (events[start : start + INSERTED_AT_ONCE] for start in range(0, len(events), INSERTED_AT_ONCE))
    return sum(connection.execute(_insertion(len(part)), [*chain.from_iterable(part)]).rowcount for part in parts)


@cache
def _insertion(count: int) -> str:
    row = f"({', '.join('?' * len(StoredEvent._fields))})"
    rows = ", ".join([row] * count)
    return f"INSERT INTO events VALUES {rows} ON CONFLICT (event_id) DO NOTHING"  # noqa: S608 - nothing but question marks


def delete_through(connection: sqlite3.Connection, offset: int) -> Floor:
    """Delete all events through `offset`, which must be one of them, and return the floor that this makes."""
    [(stored_at_us,)] = connection.execute("SELECT stored_at_us FROM events WHERE offset = ?", (offset,))
    floor = Floor(offset, stored_at_us)
    connection.execute("DELETE FROM events WHERE offset <= ?", (offset,))
    connection.execute("UPDATE floor SET offset = ?, stored_at_us = ?", floor)
    return floor
