"""Name an event whose producer did not."""

from __future__ import annotations

import os
import time

_VERSION_AND_VARIANT = 0x7 << 76 | 0x2 << 62
_RANDOM_BITS = (1 << 76) - 1 & ~(0x3 << 62)


def new_event_id() -> str:
    """Make a UUID of version 7 (https://www.rfc-editor.org/rfc/rfc9562#section-5.7): 48 bits of time, 74 of chance.

    Not of version 4: a store keeps an index of event ids, and names that come in order are written to the end of it; each
    one that comes at random has a page of its own to be read, changed and written.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10)) & _RANDOM_BITS
    digits = f"{milliseconds << 80 | _VERSION_AND_VARIANT | random:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
