"""The search for the events that match a filter: the blocks of a log (records that describe 256 events each) list them.

The search cannot miss an event in silence, because each block is verified when it is read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from struct import unpack
from typing import NamedTuple

from app.events.filter import Filter
from app.stores.sqlite.event_blocks import BLOCK_EVENTS, Block, Expected, each_key, keys_of
from app.stores.sqlite.records import read_blocks

REMEMBERED_BLOCKS = 16_384  # of 1 KB each: four million events
SOUGHT_ONE_BY_ONE = 16  # keys in a block; each takes a microsecond, and all keys of a block at once take twenty


class FilterKeys(NamedTuple):
    """The keys by which to search the blocks for events that match a filter; a key is the CRC-32 of a name.

    `orders`: the keys of the order ids in the filter; None if the filter has no order ids. `types`: the keys of the event
    types in the filter; None if the filter has no event types. `owners`: the keys of the owners in the filter; None if the
    filter has no owners.
    """

    orders: frozenset[bytes] | None
    types: frozenset[bytes] | None
    owners: frozenset[bytes] | None


class BlockSearch:
    """The search of the blocks of one log. Several threads may search at the same time.

    It remembers the keys of the order ids in the blocks that it has read and verified, because a full block never changes: an
    order has few events, and the next search passes most blocks in half a microsecond each, without reading them.
    """

    def __init__(self) -> None:
        self._order_keys: dict[int, bytes] = {}

    def candidates(
        self, connection: sqlite3.Connection, keys: FilterKeys, after: int, through: int
    ) -> Iterator[Expected]:
        """Yield the events that may match a filter and have `after` < offset <= `through`, in order of their offsets.

        An event whose keys match may still not match the filter, because two different names can have the same key. Raises
        Damaged, sqlite3.Error.
        """
        numbers: Iterable[int] = range(after // BLOCK_EVENTS, (through - 1) // BLOCK_EVENTS + 1)
        if keys.orders is not None:
            numbers = self._may_list(numbers, keys.orders)
        for first, last in runs(numbers):
            for block in read_blocks(connection, first, last):
                if keys.orders is not None:
                    self._remember(block)
                yield from _candidates(block, keys, after, through)

    def _may_list(self, numbers: Iterable[int], orders: frozenset[bytes]) -> Iterator[int]:
        """Yield the numbers of the blocks that list an order, or that were not read before."""
        for number in numbers:
            listed = self._order_keys.get(number)
            if listed is None or _lists(listed, orders):
                yield number

    def _remember(self, block: Block) -> None:
        if block.size == BLOCK_EVENTS:
            if len(self._order_keys) >= REMEMBERED_BLOCKS:
                self._order_keys.clear()
            self._order_keys[block.number] = block.order_keys


def filter_keys(filter: Filter) -> FilterKeys | None:
    """Return the keys with which to search the blocks for events that match a filter; None if the filter matches every event."""
    if filter.matches_all:
        return None
    return FilterKeys(_keys(filter.order_ids), _keys(filter.event_types), _keys(filter.owners))


def _keys(names: Iterable[str] | None) -> frozenset[bytes] | None:
    return None if names is None else frozenset(keys_of([name]) for name in names)


def _candidates(block: Block, keys: FilterKeys, after: int, through: int) -> Sequence[Expected]:
    """Return the events of one block that may match and have `after` < offset <= `through`."""
    places: Sequence[int] = range(max(0, after - block.before), min(block.size, through - block.before))
    for listed, wanted in (
        (block.order_keys, keys.orders),
        (block.owner_keys, keys.owners),
        (block.type_keys, keys.types),
    ):
        if wanted is None:
            continue
        if not _lists(listed, wanted):
            return ()
        each = each_key(listed)
        places = [place for place in places if each[place] in wanted]
    checksums = unpack(f"<{block.size + 1}I", block.checksums)
    return [(block.before + 1 + place, checksums[place], checksums[place + 1]) for place in places]


def _lists(listed: bytes, wanted: frozenset[bytes]) -> bool:
    """Return whether the keys of a block contain a wanted key. If there are few wanted keys, this may be True without a
    reason: bytes of two adjacent keys may look like a key.
    """
    if len(wanted) > SOUGHT_ONE_BY_ONE:
        return not wanted.isdisjoint(each_key(listed))
    return any(key in listed for key in wanted)


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last number of each run of consecutive numbers. `numbers`: ascending numbers."""
    first = last = -1
    for number in numbers:
        if first >= 0 and number != last + 1:
            yield first, last
            first = number
        elif first < 0:
            first = number
        last = number
    if first >= 0:
        yield first, last
