"""Checks of publishing over WebSocket, where it differs from a POST: how refusals are answered, and how large a message may be."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.check.findings import Finding, NotSeen
from app.check.request import excerpt
from app.check.target.probe_events import key_name, longest_event, new_event, new_order, publish
from app.check.target.target import Target
from app.check.websocket.websocket_client import Conversation, WebSocketClient

_REQUEST: Final = 2**31 - 1  # the greatest number of a request
_TIMES: Final = 1.2  # as many bytes as another message may have


def websocket_publish_refusals(target: Target) -> Iterator[Finding]:
    """A `publish` with a bad event is answered with an error that has its number and the status of a POST, and nothing is stored.

    This check publishes a good event with a bad one, and an event with the `eventId` of another. It yields a finding if they are answered
    otherwise, or if the good one is stored.
    """
    publish(target, new_event(target))  # not if the access token does not permit it
    good = new_event(target)
    bad = {**new_event(target), "eventId": "no name"}
    with WebSocketClient(target).open() as conversation:
        yield from _refused(conversation, [good, bad], 422)
        (stored,) = publish(target, good)
        if stored.duplicate:
            promised = "All events of a message are stored, or none."
            yield Finding(promised, "the good one was stored", conversation.exchange, (stored.id,))
        other = {**good, "data": {**good["data"], key_name(target, good): new_order()}}
        yield from _refused(conversation, [other], 409)


def _refused(conversation: Conversation, events: list[Mapping[str, Any]], status: int) -> Iterator[Finding]:
    conversation.send({"type": "publish", "request": _REQUEST, "events": events})
    match conversation.answer():
        case {"type": "error", "request": int(request), "problem": {"status": int(came)}} if (request, came) == (
            _REQUEST,
            status,
        ):
            return
        case answer:
            promised = f"An `error` with the number of the request, and with a problem of the status {status}."
            yield Finding(promised, excerpt(answer), conversation.exchange)


def websocket_publish_batch(target: Target) -> Iterator[Finding]:
    """A `publish` may be larger than other messages, and is answered with one result for each event, in their order.

    This check publishes events that are together larger than the document permits other messages to be. Raises NotSeen if it names no size.
    """
    client = WebSocketClient(target)
    most = client.contract.limits.received_bytes
    if most is None:
        raise NotSeen("The document does not say the limit (x-message-limits).")
    publish(target, new_event(target))  # not if the access token does not permit it
    order = new_order()
    count = math.ceil(_TIMES * most / len(json.dumps(longest_event(target, order))))
    events = [longest_event(target, order) for _ in range(min(count, target.contract.most_published))]
    with client.open() as conversation:
        conversation.send({"type": "publish", "request": 1, "events": events})
        answer = conversation.answer() or {}
    results = answer.get("events") if answer.get("type") == "published" else None
    came = [each.get("eventId") for each in results if isinstance(each, dict)] if isinstance(results, list) else None
    if came != [event["eventId"] for event in events]:
        promised = "`published` has one result for each event, in their order."
        yield Finding(promised, excerpt(answer or conversation.close_code), conversation.exchange)
