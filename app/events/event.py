"""Order events in two forms: `Event` (accepted by its contract, not stored yet) and `StoredEvent` (in the log).

The `data` of an event is serialised to JSON once, when the event is accepted. Every transport and store uses that JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from app.events.position import Position, write_position
from app.specification.strict_json import JsonValue

NO_OWNER: Final = ""
"""The owner of an event that has none. It is a text, because a unique index of SQL takes two NULLs for different values."""

EventKey: TypeAlias = tuple[str, str]
"""What an event is known by before it has a position: its owner and its event id. Each owner has event ids of its own."""


def as_stored(stored: StoredEvent) -> StoredEvent:
    """Return a stored event as it is: in a contract with one major version it is in the newest one."""
    return stored


class Event(NamedTuple):
    """An order event that matches its contract and is not stored yet, in the newest major version of its type. It is a tuple,
    because thousands of events are made per second.

    `data` is one line of ASCII-escaped JSON. `order_id` is None if the event type has no order. `version_named` is True if the
    producer gave the schema version, False if the default version was filled in, or if the event was converted from an older major
    version. `owner` is the value of the property that the contract marks with `x-owner`. `published_version` is the schema version in
    which the producer published the event, or empty if it is the same. `raised` returns a stored event of this type in the newest major
    version.
    """

    event_type: str
    schema_version: str
    event_id: str
    order_id: str | None
    data: str
    version_named: bool = False
    owner: str = NO_OWNER
    published_version: str = ""
    raised: Callable[[StoredEvent], StoredEvent] = as_stored

    @property
    def key(self) -> EventKey:
        return self.owner, self.event_id


class StoredEvent(NamedTuple):
    """An order event in the log. It is a tuple, because a store makes a StoredEvent from every row that it reads.

    `offset` and `epoch` are the position of the event in the log (see `position.py`). `stored_at_us` is the time at which the
    event was stored, in microseconds since 1970-01-01 UTC; it is never less than the `stored_at_us` of the event before.
    """

    offset: int
    epoch: str
    event_type: str
    schema_version: str
    event_id: str
    order_id: str | None
    stored_at_us: int
    data: str
    owner: str = NO_OWNER

    @property
    def key(self) -> EventKey:
        return self.owner, self.event_id

    @property
    def position(self) -> Position:
        return Position(self.epoch, self.offset)

    @property
    def id(self) -> str:
        """The position of the event in the form that clients see: `<epoch>-<offset>`."""
        return write_position(self.epoch, self.offset)


def same_content(event: Event, stored: StoredEvent) -> bool:
    """Return whether a submitted event has the same content as a stored event.

    The content is the same if the event types are equal, the data are equal as JSON values, and the schema versions are equal.
    The versions are not compared if the producer did not give a version. All this is compared in the newest major version, so an
    event may be repeated in another one than that in which it was published first.
    """
    if event.event_type != stored.event_type:
        return False
    stored = event.raised(stored)
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
