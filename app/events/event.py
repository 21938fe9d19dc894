"""Order events: as a producer submits them, as their contract accepts them, and as the log keeps them.

An event's data is serialised once, when it is accepted; every transport and store carries that text.
"""

from __future__ import annotations

import json
import os
import time
from typing import NamedTuple

from app.events.position import Position, write_position
from app.specification.strict_json import JsonValue

_VERSION_AND_VARIANT = 0x7 << 76 | 0x2 << 62  # of a UUID of version 7
_RANDOM_BITS = (1 << 76) - 1 & ~(0x3 << 62)


class Event(NamedTuple):
    """An order event that its contract has accepted and that is not stored yet; a tuple, because thousands a second are made.

    `data` is one line of ASCII-escaped JSON. `order_id` is None for a type without an order. `version_named` is
    True if the producer named the schema version, False if the default was filled in.
    """

    event_type: str
    schema_version: str
    event_id: str
    order_id: str | None
    data: str
    version_named: bool = False


class StoredEvent(NamedTuple):
    """An order event in the log; a tuple, because a store makes one of every row it reads.

    `offset` and `epoch` are its position, `stored_at_us` the microseconds since the Unix epoch at which it was stored,
    never less than those of the event before it.
    """

    offset: int
    epoch: str
    event_type: str
    schema_version: str
    event_id: str
    order_id: str | None
    stored_at_us: int
    data: str

    @property
    def position(self) -> Position:
        return Position(self.epoch, self.offset)

    @property
    def id(self) -> str:
        """The position as clients see it."""
        return write_position(self.epoch, self.offset)


def new_event_id() -> str:
    """Make the `eventId` of an event that was submitted without one.

    A UUID of version 7 (https://www.rfc-editor.org/rfc/rfc9562#section-5.7): 48 bits of time, 74 of chance. Not of version 4: a
    store keeps an index of event ids, and ids in ascending order are written to the end of that index; each random id would
    touch another page of it.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10)) & _RANDOM_BITS
    digits = f"{milliseconds << 80 | _VERSION_AND_VARIANT | random:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def same_content(event: Event, stored: StoredEvent) -> bool:
    """Return whether an event repeats a stored one: same type, data equal as JSON values, same version if it named one."""
    if event.event_type != stored.event_type:
        return False
    if event.version_named and event.schema_version != stored.schema_version:
        return False
    return event.data == stored.data or _comparable(json.loads(event.data)) == _comparable(json.loads(stored.data))


def _comparable(value: JsonValue) -> object:
    # Python holds True == 1; JSON does not. JSON has one kind of number, so 1 and 1.0 stay equal.
    match value:
        case bool():
            return ("boolean", value)
        case list():
            return [_comparable(item) for item in value]
        case dict():
            return {name: _comparable(item) for name, item in value.items()}
        case _:
            return value
