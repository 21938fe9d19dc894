"""Reading pages of a SQLite log: the events that match a filter. Each function reads within the transaction of its caller.

The offsets in a log have no holes: the file has every event after the newest deleted event. All functions raise Damaged if
stored bytes do not match their checksums, and sqlite3.Error if SQLite cannot read.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from itertools import islice

from app.events.event_columns import EventColumns
from app.events.filter import Filter
from app.events.log.event_store import BelowFloor, Page
from app.stores.sqlite.reading.block_search import BlockSearch, filter_keys
from app.stores.sqlite.reading.verified_reads import read_at, read_expected, read_run
from app.stores.sqlite.records import read_floor, read_newest_block

EXAMINED_PER_READ = 10_000  # offsets; a search that finds nothing takes a millisecond or two, then others have a turn
EXAMINED_BY_ORDER = (
    100_000  # offsets; one order has few events, and a block without any is passed in a microsecond or two
)


def read_page(
    connection: sqlite3.Connection, search: BlockSearch, *, after: int, through: int, filter: Filter, limit: int
) -> Page:
    """Return a page of matching events, as `EventStore.read` does. `search`: the search of this log's blocks. `through` must not
    be greater than the offset of the newest event.
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
    found = [*islice(search.candidates(connection, keys, after, through), limit)]
    events = _matching(read_expected(connection, found), filter)
    return Page(events, found[-1][0] if len(found) == limit else through)


def offset_before(connection: sqlite3.Connection, stored_at_us: int) -> int:
    """Return the offset just before the first event that was stored at or after a time, as `EventStore.offset_before` does.

    Storing times never decrease from event to event, so a binary search by offset finds this event without an index of times.
    """
    floor = read_floor(connection)
    offsets = range(floor.offset + 1, read_newest_block(connection).newest + 1)
    return floor.offset + bisect_left(
        offsets, stored_at_us, key=lambda offset: read_at(connection, offset).stored_at_us
    )


def _matching(events: EventColumns, filter: Filter) -> EventColumns:
    """Return the events that match a filter. Nearly always all of them do: two names rarely have the same key."""
    selections = (
        (filter.event_types, events.event_types),
        (filter.order_ids, events.order_ids),
        (filter.owners, events.owners),
    )
    if all(wanted is None or wanted.issuperset(names) for wanted, names in selections):
        return events
    return EventColumns.of(event for event in events if filter.matches(event))
