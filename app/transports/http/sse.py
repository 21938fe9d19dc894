"""The text/event-stream wire format: values in, bytes out; no I/O, no framework.

Everything here keeps three rules of https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation:
a field is one line, an event ends with a blank line, and a comment has no blank line after it, because some decoders take that
for an empty event. Ids, event types and data hold no line break by construction: contracts refuse them, JSON escapes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from app.events.delivery.stream_item import Checkpoint, Closing, Heartbeat, NextItem, StreamStart
from app.events.event import StoredEvent
from app.events.log.event_store import Page
from app.events.position import Gap, Position

MEDIA_TYPE = "text/event-stream"
HEARTBEAT = b":\n"

_Data: TypeAlias = Mapping[str, str]


def encode_opening(opening: StreamStart, retry_ms: int) -> bytes:
    """Write the beginning of a stream: the reconnection time, a comment, and one event, all in one block.

    The comment stands inside the block of the event, so that no decoder sees an event before the first one.
    """
    return b"retry: %d\n: orders-events\n%b" % (retry_ms, encode(opening.first))


def encode(item: NextItem) -> bytes:
    """Write one item of a stream that has begun."""
    match item:
        case Page(events=events):
            return encode_events(events)
        case Heartbeat():
            return HEARTBEAT
        case Checkpoint(position):
            return _encode_control("stream.checkpoint", {}, position)
        case Gap(reason, requested, earliest):
            data = {"reason": reason, "requested": requested, "earliest": str(earliest)}
            return _encode_control("stream.gap", data, earliest)
        case Closing(reason):
            # No id: the client's last id must stay what it was.
            return _encode_control("stream.closing", {"reason": reason}, None)


def encode_events(events: Iterable[StoredEvent]) -> bytes:
    """Write order events, one block each."""
    return "".join(
        f"id: {event.epoch}-{event.offset}\nevent: {event.event_type}\ndata: {event.data}\n\n" for event in events
    ).encode("ascii")


def _encode_control(event_type: str, data: _Data, position: Position | None) -> bytes:
    id_line = "" if position is None else f"id: {position}\n"
    return f"{id_line}event: {event_type}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode("ascii")
