"""The stored events as one stream showed them, to compare every other way of reading with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from app.check.foreign_json import read_json
from app.check.http.event_stream import Stream
from app.check.http.stream_blocks import OrderEvent


@dataclass(frozen=True, slots=True)
class StoredLog:
    """The order events of a stream from the earliest event on; `whole` if the stream was read to its end."""

    stream: Stream
    events: Sequence[OrderEvent]
    whole: bool

    @property
    def start(self) -> str | None:
        """The id of the checkpoint that the stream began with."""
        return self.stream.blocks[0].id if self.stream.blocks else None

    @property
    def ids(self) -> set[str]:
        return {event.id for event in self.events}

    @property
    def is_usable(self) -> bool:
        """Whether every event has an id of its own; if not, events cannot be compared by their ids."""
        return "" not in self.ids and len(self.ids) == len(self.events)


def as_values(event: OrderEvent) -> OrderEvent:
    """Rewrite an event's data so that equal JSON values are equal texts."""
    try:
        return event._replace(data=json.dumps(read_json(event.data), sort_keys=True))
    except ValueError:
        return event
