"""Checks of the messages with which a WebSocket connection ends, and of the limits beyond which it ends."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any, Final

from app.check.checks.subscriptions.subscription_bounds import STORED, read
from app.check.findings import Finding, NotSeen
from app.check.target.probe_events import longest_event, new_order, publish
from app.check.target.target import SLACK_SECONDS, Target
from app.check.websocket.websocket_client import Conversation, WebSocketClient

# Messages that end the connection, and the close code for each.
_ENDING: Final = (("{", 4400), ("7", 4400), ("{}", 4400), ('{"type": "no-such-type"}', 4400), (b"{}", 1003))
_NOT_UTF8: Final = b'{"type": "ping", "request": 7, "text": "\xff"}'
_SECONDS: Final = 3  # of messages, because a server may count them from one second to the next
_TIMES: Final = 1.2  # as many bytes of events as one message may have
_TOGETHER: Final = 50  # such events in one request, which is far from the limit of a body


def websocket_closings(target: Target) -> Iterator[Finding]:
    """A message that is not JSON, or has no known type, ends the connection with 4400, and a binary one with 1003.

    This check yields a finding for each such message after which the connection has another close code, or stays open.
    """
    client = WebSocketClient(target)
    for message, code in _ENDING:
        with client.open() as conversation:
            conversation.send(message)
            yield from closes_with(conversation, code)


def websocket_not_utf8(target: Target) -> Iterator[Finding]:
    """A message that is not UTF-8 ends the connection with 1007."""
    with WebSocketClient(target).open() as conversation:
        conversation.send(_NOT_UTF8, as_text=True)
        yield from closes_with(conversation, 1007)


def websocket_too_large(target: Target) -> Iterator[Finding]:
    """A message that is larger than the document says ends the connection with 1009, unless it is a `publish`; a smaller one does not.

    Raises NotSeen if the document names no size.
    """
    client = WebSocketClient(target)
    most = _limit(client.contract.limits.received_bytes)
    for size in (most, most + 1):
        with client.open() as conversation:
            conversation.send('{"type": "ping", "request": 7}'.ljust(size))
            if size > most:
                yield from closes_with(conversation, 1009)
            elif conversation.answer() is None:
                yield Finding(f"A message may have {most} bytes.", "it was not answered", conversation.exchange)


def websocket_too_many(target: Target) -> Iterator[Finding]:
    """A client that sends more messages in a second than the document says is sent away with 4429.

    Raises NotSeen if the document names no number.
    """
    client = WebSocketClient(target)
    most = _limit(client.contract.limits.received_per_second)
    with client.open() as conversation:
        for number in range(1, _SECONDS * (most + 1)):
            conversation.send({"type": "ping", "request": number})
            if conversation.close_code is not None:
                break
        yield from closes_with(conversation, 4429)


def websocket_silence(target: Target) -> Iterator[Finding]:
    """A client that neither subscribes nor publishes in the time that the document says is sent away with 4408, and not before.

    Raises NotSeen if the document names no time.
    """
    client = WebSocketClient(target)
    seconds = _limit(client.contract.limits.first_message_seconds)
    began = time.monotonic()
    with client.open(answered_within=2 * seconds + SLACK_SECONDS) as conversation:
        yield from closes_with(conversation, 4408)
        waited = time.monotonic() - began
        if waited < seconds / 2:
            seen = f"the connection ended after {waited:.2f} s"
            yield Finding(f"A client has {seconds:g} s for its first message.", seen, conversation.exchange)


def websocket_message_size(target: Target) -> Iterator[Finding]:
    """A message of the server is no larger than the document says, unless it has one event only.

    This check publishes events that do not fit into one message, and reads them. Raises NotSeen if the document names no size.
    """
    client = WebSocketClient(target)
    most = _limit(client.contract.limits.sent_bytes)
    order = new_order()
    subscribed = {**STORED, "orderId": [order]}
    publish(target, longest_event(target, order))
    sizes = [item.size for item in read(target, client, subscribed).items if item.events]
    if not sizes:
        raise NotSeen("The event that was published did not come (see websocket-publish).")
    for _ in range(math.ceil(_TIMES * most / max(sizes) / _TOGETHER)):
        publish(target, *(longest_event(target, order) for _ in range(_TOGETHER)))
    received = read(target, client, subscribed)
    for item in received.items:
        if item.size > most and len(item.events) > 1:
            seen = f"{item.size} bytes with {len(item.events)} events"
            yield Finding(f"A message of the server has at most {most} bytes.", seen, received.exchange)


def _limit(value: Any) -> Any:
    if value is None:
        raise NotSeen("The document does not say the limit (x-message-limits).")
    return value


def closes_with(conversation: Conversation, code: int) -> Iterator[Finding]:
    """Yield a finding if the server does not end a connection with this close code."""
    for _ in conversation.messages():
        pass  # whatever comes before the end
    if conversation.close_code != code:
        seen = "it stayed open" if conversation.close_code is None else f"the code was {conversation.close_code}"
        yield Finding(f"The connection ends with the code {code}.", seen, conversation.exchange)
