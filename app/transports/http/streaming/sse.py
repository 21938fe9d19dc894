"""The encoding of stream items in the wire format text/event-stream, without I/O and without a framework.

The encoding follows https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation in three ways: a field is
one line, an event ends with a blank line, and a comment is not followed by a blank line, because some decoders would report an empty
event. No id, event type or data contains a line break: the contract forbids it in ids and types, and JSON escapes it in data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from app.events.delivery.stream_item import Checkpoint, Closing, Heartbeat, NextItem, StreamStart
from app.events.event import StoredEvent
from app.events.event_columns import EventColumns
from app.events.log.event_store import Page
from app.events.position import Gap, SentId

MEDIA_TYPE = "text/event-stream"
HEARTBEAT = b":\n"

_Data: TypeAlias = Mapping[str, str | int]


def encode_opening(opening: StreamStart, retry_ms: int) -> bytes:
    """Encode the first item of a stream: the reconnection time in milliseconds (`retry`), a comment, and an event, in one block.

    There is no blank line before the event, because some decoders would report an empty event for the lines before it. What is
    deprecated follows.
    """
    deprecations = b"".join(_encode_control("stream.deprecation", each.data, None) for each in opening.deprecations)
    return b"retry: %d\n: orders-events\n%b%b" % (retry_ms, encode(opening.first), deprecations)


def encode_closing(closing: Closing, retry_ms: int) -> bytes:
    """Encode the last item of a stream with another reconnection time than that of the first item, in milliseconds."""
    return b"retry: %d\n%b" % (retry_ms, encode(closing))


def encode(item: NextItem) -> bytes:
    """Encode an item of a stream after the first one."""
    match item:
        case Page():
            return encode_events(item)
        case Heartbeat():
            return HEARTBEAT
        case Checkpoint(position):
            return f"id: {position}\nevent: stream.checkpoint\ndata: {{}}\n\n".encode("ascii")
        case Gap(reason, requested, earliest):
            data = {"reason": reason, "requested": requested, "earliest": str(earliest)}
            return _encode_control("stream.gap", data, earliest)
        case Closing(reason):
            # No id: the client must keep the last id that it received.
            return _encode_control("stream.closing", {"reason": reason}, None)


def encode_events(page: Page) -> bytes:
    """Encode order events, each as one block of lines that ends with a blank line."""
    fields = _sent_fields(page.events)
    if page.opaque_ids:
        blocks = [
            f"id: {id}\nevent: {event_type}\ndata: {data}\n\n"
            for id, (_, _, event_type, data) in zip(page.opaque_ids, fields, strict=True)
        ]
    else:  # not with `page.ids`: to write each id on its own first would take a third more time
        blocks = [
            f"id: {epoch}-{offset}\nevent: {event_type}\ndata: {data}\n\n" for epoch, offset, event_type, data in fields
        ]
    return "".join(blocks).encode("ascii")


def _sent_fields(events: Sequence[StoredEvent]) -> Iterable[tuple[str, int | str, str, str]]:
    """Return the fields of each event that are sent: epoch, offset, event type and data."""
    if isinstance(events, EventColumns):
        return zip(events.epochs, events.offsets, events.event_types, events.data, strict=True)
    return [(event.epoch, event.offset, event.event_type, event.data) for event in events]


def _encode_control(event_type: str, data: _Data, id: SentId | None) -> bytes:
    id_line = "" if id is None else f"id: {id}\n"
    return f"{id_line}event: {event_type}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode("ascii")
