"""Blocks: records that describe the stored events. One block describes 256 events, and is stored in a table of its own.

For each event, a block has the checksum of the event, and keys by which a filter finds the event: the key of its order id, the key of its
event type, and the key of its owner. A block is written in the same transaction as the events, and has its own checksum. So an intact block
proves which events of an order exist, and a damaged page of the database cannot hide an event: if a block lists an event that the database
does not return, an error is raised.

A key is the CRC-32 of an order id, event type or owner. Two different names may have the same key, so the filter is then applied to
the events found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import pack, unpack
from typing import NamedTuple, TypeAlias
from zlib import crc32

from app.events.event import NO_OWNER, StoredEvent
from app.stores.sqlite.checksums import NOTHING_BEFORE, checksums_of_run

BLOCK_EVENTS = 256  # their 3 KB fill a page of the database, and a commit writes that page anew

WORD = 4  # bytes of a checksum or key, little-endian


Expected: TypeAlias = tuple[int, int, int]
"""An event that must be in the database: its offset, the checksum of the event before it, and its own checksum."""


class Block(NamedTuple):
    """A record that describes up to 256 events: the events with the offsets `number * 256 + 1` to `number * 256 + 256`.

    Only the newest block of a log has fewer events. `entries` is a sequence of 4-byte values: the checksum of the event before
    the first event of the block, the checksums of the block's events, the keys of their order ids, and the keys of their event
    types (a key is a CRC-32). `owner_keys` has the keys of the owners of its events; it is empty if no event has an owner, as most
    logs have none, and a block then fills one page of the database.
    """

    number: int
    entries: bytes
    owner_keys: bytes = b""

    @property
    def before(self) -> int:
        """The offset before the first event of this block."""
        return self.number * BLOCK_EVENTS

    @property
    def newest(self) -> int:
        """The offset of the last event that this block describes."""
        return self.before + self.size

    @property
    def size(self) -> int:
        return (len(self.entries) - WORD) // (3 * WORD)

    @property
    def checksum(self) -> int:
        """The checksum of the block as a record (not of an event), which is stored in the same row as the block."""
        return crc32(self.owner_keys, crc32(self.entries, self.number & 0xFFFFFFFF))

    def checksum_at(self, offset: int) -> int:
        """Return the checksum of the event at an offset. The event is in this block, or directly before the block's first
        event.
        """
        start = (offset - self.before) * WORD
        return int.from_bytes(self.entries[start : start + WORD], "little")

    def expected(self, offset: int) -> Expected:
        return offset, self.checksum_at(offset - 1), self.checksum_at(offset)

    @property
    def checksums(self) -> bytes:
        return self.entries[: WORD * (1 + self.size)]

    @property
    def order_keys(self) -> bytes:
        return self.entries[WORD * (1 + self.size) : WORD * (1 + 2 * self.size)]

    @property
    def type_keys(self) -> bytes:
        return self.entries[WORD * (1 + 2 * self.size) :]


EMPTY = Block(0, pack("<I", NOTHING_BEFORE))
"""The only block of a log that never had an event."""


def block_of_forgotten(through: int) -> Block:
    """Return the newest block (record that describes up to 256 events) of a log from which all events up to the offset
    `through` were deleted.

    The block has zeros in place of the checksums and keys of these events, because nothing is known about them any more.
    """
    if through == 0:
        return EMPTY
    number = (through - 1) // BLOCK_EVENTS
    return Block(number, bytes(WORD * (1 + 3 * (through - number * BLOCK_EVENTS))))


def shortened(block: Block, through: int) -> Block:
    """Return a block without its events after the offset `through`, which is in the block or directly before its first event."""
    size = through - block.before
    parts = (block.checksums[: WORD * (1 + size)], block.order_keys[: WORD * size], block.type_keys[: WORD * size])
    return Block(block.number, b"".join(parts), block.owner_keys[: WORD * size])


def continues(block: Block, following: Block) -> bool:
    """Return whether a block is full, and the following block was written after it."""
    return block.size == BLOCK_EVENTS and following.checksum_at(following.before) == block.checksum_at(block.newest)


def is_well_formed(block: Block) -> bool:
    return (
        0 <= block.size <= BLOCK_EVENTS
        and len(block.entries) == WORD * (1 + 3 * block.size)
        and len(block.owner_keys) in (0, WORD * block.size)
    )


def extended(block: Block, events: Sequence[StoredEvent]) -> list[Block]:
    """Return the blocks (records that each describe 256 events) to write after new events were stored.

    These are `block`, the newest block so far, with new events added to it, and further blocks if it became full.
    """
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


def keys_of(names: Iterable[str | None]) -> bytes:
    """Return the keys of order ids, event types or owners, one after the other. The key of None is that of an empty name."""
    return _words([crc32((name or "").encode()) for name in names])


def each_key(keys: bytes) -> tuple[bytes, ...]:
    """Return the keys of several names one by one."""
    return unpack("4s" * (len(keys) // WORD), keys)


def _with(block: Block, events: Sequence[StoredEvent]) -> Block:
    parts = (
        block.checksums,
        _words(checksums_of_run(events, block.checksum_at(block.newest))),
        block.order_keys,
        keys_of([event.order_id for event in events]),
        block.type_keys,
        keys_of([event.event_type for event in events]),
    )
    return Block(block.number, b"".join(parts), _owner_keys(block, [event.owner for event in events]))


def _owner_keys(block: Block, owners: Sequence[str]) -> bytes:
    """Return the keys of the owners of a block to which events with the given owners are added."""
    if not block.owner_keys and not any(owners):
        return b""
    return (block.owner_keys or keys_of([NO_OWNER]) * block.size) + keys_of(owners)


def _words(values: Sequence[int]) -> bytes:
    return pack(f"<{len(values)}I", *values)
