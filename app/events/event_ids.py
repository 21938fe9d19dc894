"""New values of `eventId`, for events that are submitted without an `eventId`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import islice

_AT_ONCE = 512  # each call for random bytes lets another thread run, and a busy event loop then waits to go on
_RANDOM_BYTES = 10  # of an id, with the bits of its version and its variant
_FIXED_BITS = int.from_bytes(bytes.fromhex("7000 8000 000000000000") * _AT_ONCE)
_RANDOM_BITS = int.from_bytes(bytes.fromhex("0fff 3fff ffffffffffff") * _AT_ONCE)


class EventIds:
    """A source of new event ids. Each id is a UUID of version 7: 48 bits of time and 74 random bits
    (https://www.rfc-editor.org/rfc/rfc9562#section-5.7).

    A UUID of version 4 is random as a whole, and would be slower: a store keeps an index of event ids, in which ascending ids
    are all added at the end, whereas each random id would change a different page of the index.
    """

    def __init__(self) -> None:
        self._random_parts = _random_parts()

    def take(self, count: int) -> list[str]:
        """Return new event ids. Most of them ascend, even within one millisecond."""
        milliseconds = f"{time.time_ns() // 1_000_000:012x}"
        begin = f"{milliseconds[:8]}-{milliseconds[8:]}"
        return [f"{begin}-{part[:4]}-{part[4:8]}-{part[8:]}" for part in islice(self._random_parts, count)]


def _random_parts() -> Iterator[str]:
    """Yield the last 20 hexadecimal digits of ids, without end."""
    size = _RANDOM_BYTES * _AT_ONCE
    while True:
        bits = int.from_bytes(os.urandom(size)) & _RANDOM_BITS | _FIXED_BITS
        yield from sorted(bits.to_bytes(size).hex(" ", _RANDOM_BYTES).split())
