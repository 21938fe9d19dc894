"""Counting the events of a SQLite log by interval and type.

If a filter selects events by type alone, whole blocks (records that describe 256 events each) are counted by the keys that they
have of the types of their events. Of such a block only the first and the last event are read: storing times never decrease, so if both
were stored in one interval, all events of the block were. The block is verified, and so are these two events; the events between them
are not read. All other events are read and verified before they are counted, as those of a page are: if a block is in several
intervals or only a part of it is counted, and if a filter selects orders or owners.

A key is the CRC-32 of a type, so two types of one log that had the same key would be counted as one.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from app.events.event import StoredEvent
from app.events.event_columns import EventColumns
from app.events.filter import Filter
from app.events.log.event_store import BelowFloor, Counted
from app.stores.sqlite.event_blocks import BLOCK_EVENTS, Block, each_key
from app.stores.sqlite.reading.block_search import BlockSearch, runs
from app.stores.sqlite.reading.pages import read_page
from app.stores.sqlite.reading.verified_reads import read_at, read_expected, read_run
from app.stores.sqlite.records import read_blocks, read_floor

COUNTED_AT_ONCE: Final = 2_000  # events that are read; then other reads have a turn
BLOCKS_AT_ONCE: Final = 128  # blocks that are counted; all their events are read if each is in several intervals
REMEMBERED_COUNTS: Final = 16_384  # of some 300 bytes each: four million events

Counts: TypeAlias = Mapping[tuple[int, str], int]
"""The number of events, by the number of the interval in which they were stored, and by type."""


class BlockCounts:
    """The counts of the full blocks of one log. Several threads may count at the same time.

    They are remembered, because a full block never changes, and the charts of many readers have the same intervals.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[int, int], Counts] = {}
        self._types: dict[bytes, str] = {}

    def of_blocks(self, connection: sqlite3.Connection, numbers: range, interval_us: int) -> Counts:
        """Return the counts of blocks that are full and have all their events. Raises Damaged, sqlite3.Error."""
        total = Counter[tuple[int, str]]()
        unknown: list[int] = []
        for number in numbers:
            counts = self._counts.get((interval_us, number))
            if counts is None:
                unknown.append(number)
            else:
                total.update(counts)
        for number, counts in self._count(connection, unknown, interval_us):
            if len(self._counts) >= REMEMBERED_COUNTS:
                self._counts.clear()
            self._counts[interval_us, number] = counts
            total.update(counts)
        return total

    def _count(
        self, connection: sqlite3.Connection, numbers: Iterable[int], interval_us: int
    ) -> Iterator[tuple[int, Counts]]:
        blocks = [block for first, last in runs(numbers) for block in read_blocks(connection, first, last)]
        ends = read_expected(
            connection, [block.expected(offset) for block in blocks for offset in (block.before + 1, block.newest)]
        )
        intervals = [int(stored_at_us) // interval_us for stored_at_us in ends.stored_at_us]
        for block, first, last in zip(blocks, intervals[::2], intervals[1::2], strict=True):
            if first == last:
                by_key = Counter(each_key(block.type_keys))
                yield block.number, {(first, self._type(connection, block, key)): by_key[key] for key in by_key}
            else:
                yield block.number, _counts_of(read_run(connection, block.before, block.newest), interval_us)

    def _type(self, connection: sqlite3.Connection, block: Block, key: bytes) -> str:
        """Return the event type that has a key, which an event of the block has."""
        if key not in self._types:
            place = each_key(block.type_keys).index(key)
            self._types[key] = read_at(connection, block.before + 1 + place).event_type
        return self._types[key]


def count_events(
    connection: sqlite3.Connection,
    search: BlockSearch,
    known: BlockCounts,
    *,
    after: int,
    through: int,
    filter: Filter,
    interval_us: int,
) -> Counted:
    """Count events, as `EventStore.count` does. `search`: the search of this log's blocks. `known`: the counts of its blocks.
    `through` must not be greater than the offset of the newest event.
    """
    if filter.order_ids is not None or filter.owners is not None:
        page = read_page(connection, search, after=after, through=through, filter=filter, limit=COUNTED_AT_ONCE)
        return Counted(_counts_of(page.events, interval_us), page.through)
    floor = read_floor(connection)
    if after < floor.offset:
        raise BelowFloor(floor)
    blocks = range(-(-after // BLOCK_EVENTS), through // BLOCK_EVENTS)  # those of which every event is counted
    if len(blocks) > BLOCKS_AT_ONCE:
        blocks = blocks[:BLOCKS_AT_ONCE]
        through = blocks.stop * BLOCK_EVENTS
    counts = Counter(known.of_blocks(connection, blocks, interval_us))
    for piece in _around(blocks, after, through):
        counts.update(_counts_of(read_run(connection, *piece), interval_us))
    types = filter.event_types
    return Counted({key: number for key, number in counts.items() if types is None or key[1] in types}, through)


def _around(blocks: range, after: int, through: int) -> Iterator[tuple[int, int]]:
    """Yield the pieces of a range of offsets that are not in the blocks, as pairs of an offset and the last offset of the piece."""
    inner = (blocks.start * BLOCK_EVENTS, blocks.stop * BLOCK_EVENTS) if blocks else (through, through)
    for before, last in ((after, inner[0]), (inner[1], through)):
        if before < last:
            yield before, last


def _counts_of(events: Sequence[StoredEvent], interval_us: int) -> Counts:
    columns = events if isinstance(events, EventColumns) else EventColumns.of(events)
    intervals = [int(stored_at_us) // interval_us for stored_at_us in columns.stored_at_us]
    return Counter(zip(intervals, columns.event_types, strict=True))
