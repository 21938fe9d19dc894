"""The messages of the server as JSON, without I/O and without a framework."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from app.events.delivery.stream_item import Checkpoint, Closing, Heartbeat, StreamItem, StreamStart
from app.events.log.event_store import Appended, Page
from app.events.position import Gap
from app.transports.http.requests.json_bodies import page_events, published_events

HEARTBEAT: Final = b'{"type":"heartbeat"}'
_ENVELOPE_BYTES: Final = 200  # at most, of a message around its events


def encode_item(item: StreamItem, number: int, maximum_bytes: int) -> Sequence[bytes]:
    """Return an item of a subscription as messages. Only a page, and a start with deprecations, may become several messages.

    `number`: the number of the subscription. `maximum_bytes`: the largest message, unless a single event is larger.
    """
    match item:
        case StreamStart(first, deprecations):
            told = (_message("deprecation", subscription=number, **each.data) for each in deprecations)
            return (*encode_item(first, number, maximum_bytes), *told)
        case Page():
            return encode_events(item, number, maximum_bytes)
        case Checkpoint(position):
            return (_message("checkpoint", subscription=number, lastEventId=str(position)),)
        case Gap(reason, requested, earliest):
            place = {"lastEventId": str(earliest), "reason": reason, "requested": requested, "earliest": str(earliest)}
            return (_message("gap", subscription=number, **place),)
        case Closing(reason):
            return (_message("closing", subscription=number, reason=reason),)
        case Heartbeat():
            return (HEARTBEAT,)


def encode_events(page: Page, number: int, maximum_bytes: int) -> list[bytes]:
    """Return events of a subscription as messages, in the order of the log. Each message ends with the id of its last event."""
    ids = page.ids
    texts = page_events(page)
    return [
        f'{{"type":"events","subscription":{number},"events":[{",".join(texts[start:end])}],"lastEventId":"{ids[end - 1]}"}}'.encode(
            "ascii"
        )
        for start, end in _parts(texts, maximum_bytes - _ENVELOPE_BYTES)
    ]


def published(request: int, appended: Sequence[Appended], ids: Sequence[str]) -> bytes:
    """Return the answer to a `publish`, after its events were stored.

    `request`: the number that the client gave. `ids`: the id of each event, see `ReaderIds.of_published`.
    """
    return f'{{"type":"published","request":{request},{published_events(appended, ids)[1:]}'.encode("ascii")


def unsubscribed(number: int) -> bytes:
    """Return the answer to an `unsubscribe`."""
    return _message("unsubscribed", subscription=number)


def pong(numbers: Mapping[str, int]) -> bytes:
    """Return the answer to a `ping`. `numbers`: the `request` of the ping, if it had one."""
    return _message("pong", **numbers)


def error(numbers: Mapping[str, int], problem: Mapping[str, object]) -> bytes:
    """Return the answer to a message that is refused.

    `numbers`: the `subscription` or `request` of that message, if it had a valid one. `problem`: the problem (RFC 9457).
    """
    return _message("error", **numbers, problem=problem)


def _message(type: str, **members: object) -> bytes:
    return json.dumps({"type": type, **members}, separators=(",", ":")).encode("ascii")


def _parts(texts: Sequence[str], maximum: int) -> list[tuple[int, int]]:
    """Divide texts into parts that have at most `maximum` characters each, with a comma behind each text; at least one text a part.

    Returns the first index of each part, and the index behind the last one.
    """
    sizes = [len(text) + 1 for text in texts]
    if sum(sizes) <= maximum:
        return [(0, len(texts))]
    starts, size = [0], 0
    for index, each in enumerate(sizes):
        if size + each > maximum and index > starts[-1]:
            starts.append(index)
            size = 0
        size += each
    return list(zip(starts, [*starts[1:], len(texts)], strict=True))
