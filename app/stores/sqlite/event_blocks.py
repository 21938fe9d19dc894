"""Blocks: records that describe the stored events, 256 events in a block, and are stored apart from them.

A block holds the checksum of each of its events, and two keys of each by which a filter finds it: one of its order, one of its
type. It is stored apart from the events, in the same transaction, and has a checksum of its own. So an intact block
proves which events of an order exist, and a damaged page of the database cannot hide an event: if a block lists an event that the
database does not return, that is an error and not silently skipped.

Keys are CRC-32s of names. Two names may have the same key, so the filter is applied to the events that are found in this way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from struct import pack, unpack_from
from typing import NamedTuple
from zlib import crc32

from app.events.event import StoredEvent
from app.events.filter import EVERYTHING, Filter
from app.stores.sqlite.checksums import NOTHING_BEFORE, checksum_of

BLOCK_EVENTS = 256  # their 3 KB fill a page of the database, and a commit writes that page anew

_WORD = 4  # bytes of a checksum or key, little-endian


class Expected(NamedTuple):
    """The proof of one event: its offset, the checksum of the event before it, and its own."""

    offset: int
    before: int
    checksum: int


class Block(NamedTuple):
    """The description of the events with the offsets `number * 256 + 1` and following; only the newest block is not full.

    `entries` holds, in words of 4 bytes: the checksum of the event before the block, the checksums of its events, the keys of
    their orders, and the keys of their types.
    """

    number: int
    entries: bytes

    @property
    def before(self) -> int:
        """The offset before the first event."""
        return self.number * BLOCK_EVENTS

    @property
    def newest(self) -> int:
        """The offset of the last event."""
        return self.before + self.size

    @property
    def size(self) -> int:
        return (len(self.entries) - _WORD) // (3 * _WORD)

    @property
    def checksum(self) -> int:
        """The checksum of the block itself, which is stored beside it."""
        return crc32(self.entries, self.number & 0xFFFFFFFF)

    def checksum_at(self, offset: int) -> int:
        """Return the checksum of an event of this block, or of the one before its first."""
        start = (offset - self.before) * _WORD
        return int.from_bytes(self.entries[start : start + _WORD], "little")

    def expected(self, offset: int) -> Expected:
        return Expected(offset, self.checksum_at(offset - 1), self.checksum_at(offset))

    @property
    def checksums(self) -> bytes:
        return self.entries[: _WORD * (1 + self.size)]

    @property
    def order_keys(self) -> bytes:
        return self.entries[_WORD * (1 + self.size) : _WORD * (1 + 2 * self.size)]

    @property
    def type_keys(self) -> bytes:
        return self.entries[_WORD * (1 + 2 * self.size) :]


class FilterKeys(NamedTuple):
    """The keys of the orders and of the types that a filter names; None if it names none."""

    orders: frozenset[bytes] | None
    types: frozenset[bytes] | None

    def candidates(self, block: Block, after: int, through: int) -> list[Expected]:
        """Find the events of a block that may match, with `after` < offset <= `through`, in order."""
        size, entries = block.size, block.entries
        places: Iterable[int] = range(max(0, after - block.before), min(size, through - block.before))
        for column, wanted in ((1, self.orders), (2, self.types)):
            if wanted is not None:
                places = _places(entries, _WORD * (1 + column * size), size, wanted, places)
        if not places:
            return []
        checksums = unpack_from(f"<{size + 1}I", entries)
        return [Expected(block.before + 1 + place, checksums[place], checksums[place + 1]) for place in places]


EMPTY = Block(0, pack("<I", NOTHING_BEFORE))
"""The only block of a log without events."""


def block_of_forgotten(through: int) -> Block:
    """Return the newest block of a log from which every event, up to an offset, has been deleted without a record of it."""
    if through == 0:
        return EMPTY
    number = (through - 1) // BLOCK_EVENTS
    return Block(number, bytes(_WORD * (1 + 3 * (through - number * BLOCK_EVENTS))))


def is_well_formed(block: Block) -> bool:
    return 0 <= block.size <= BLOCK_EVENTS and len(block.entries) == _WORD * (1 + 3 * block.size)


def extended(block: Block, events: Sequence[StoredEvent]) -> list[Block]:
    """Describe new events: return the newest block with new events added to it, and further blocks if it became full."""
    blocks: list[Block] = []
    rest = events
    while rest:
        if block.size == BLOCK_EVENTS:
            block = Block(block.number + 1, pack("<I", block.checksum_at(block.newest)))
        room = BLOCK_EVENTS - block.size
        block = _with(block, rest[:room])
        blocks.append(block)
        rest = rest[room:]
    return blocks


def filter_keys(filter: Filter) -> FilterKeys | None:
    """Return the keys by which to find the events of a filter; None if it matches every event."""
    if filter == EVERYTHING:
        return None
    return FilterKeys(_keys(_order_key, filter.order_ids), _keys(_type_key, filter.event_types))


def _keys(key: Callable[[str], bytes], names: Iterable[str] | None) -> frozenset[bytes] | None:
    return None if names is None else frozenset(map(key, names))


def _places(entries: bytes, start: int, size: int, wanted: frozenset[bytes], places: Iterable[int]) -> Sequence[int]:
    """Return the places of the given keys in a block; its keys begin at `start` in its entries."""
    end = start + size * _WORD
    if all(
        entries.find(key, start, end) < 0 for key in wanted
    ):  # so it is with most orders, and a hundred times as fast
        return ()
    keys = unpack_from("4s" * size, entries, start)
    return [place for place in places if keys[place] in wanted]


def _with(block: Block, events: Sequence[StoredEvent]) -> Block:
    checksum = block.checksum_at(block.newest)
    checksums = [checksum := checksum_of(event, checksum) for event in events]
    parts = (
        block.checksums,
        pack(f"<{len(checksums)}I", *checksums),
        block.order_keys,
        *(_order_key(event.order_id) for event in events),
        block.type_keys,
        *(_type_key(event.event_type) for event in events),
    )
    return Block(block.number, b"".join(parts))


def _order_key(order_id: str | None) -> bytes:
    return crc32((order_id or "").encode()).to_bytes(_WORD, "little")


@lru_cache(maxsize=1024)
def _type_key(event_type: str) -> bytes:
    return crc32(event_type.encode()).to_bytes(_WORD, "little")
