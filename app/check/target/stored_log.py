"""The events in the server's log, as one stream returned them; the results of other requests are compared with these events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from app.check.foreign_json import read_json
from app.check.http.event_stream import Stream
from app.check.http.stream_blocks import OrderEvent


@dataclass(frozen=True, slots=True)
class StoredLog:
    """The events of the server's log, read once as a stream.

    `events`: the order events, from the earliest stored event on.
    `whole`: True if the stream was read to its end; False if reading stopped because enough events had been read.
    """

    stream: Stream
    events: Sequence[OrderEvent]
    whole: bool

    @property
    def start(self) -> str | None:
        """The id of the first block of the stream (normally a checkpoint); None if the stream is empty or the block has no id."""
        return self.stream.blocks[0].id if self.stream.blocks else None

    @property
    def ids(self) -> set[str]:
        return {event.id for event in self.events}

    @property
    def is_usable(self) -> bool:
        """Whether every event has an id and no two events have the same id. If not, events cannot be compared by id."""
        return "" not in self.ids and len(self.ids) == len(self.events)


def as_values(event: OrderEvent) -> OrderEvent:
    """Return an event with its data as JSON text with sorted keys, so that equal data are equal texts.

    Data that is not JSON stays unchanged.
    """
    try:
        return event._replace(data=json.dumps(read_json(event.data), sort_keys=True))
    except ValueError:
        return event
