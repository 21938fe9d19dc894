"""Checks of the messages of a WebSocket connection: their schemas, and the answers to those that break their schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.check.findings import Finding
from app.check.request import excerpt
from app.check.target.target import Target
from app.check.websocket.websocket_client import Conversation, WebSocketClient

_INVALID: Final[Mapping[str, Any]] = {"type": "subscribe", "subscription": 2, "limit": 0}
# Messages that resemble good ones. The numbers of the last two are out of range.
_SIMILAR: Final[tuple[Mapping[str, Any], ...]] = (
    {**_INVALID, "limit": "1"},
    {"type": "subscribe", "subscription": 2, "noSuchMember": 1},
    {"type": "subscribe", "subscription": 2, "eventTypes": ["no.such.type"]},
    {"type": "subscribe", "subscription": 2, "lastEventId": "no id"},
    {"type": "subscribe", "subscription": 2, "follow": "false"},
    {"type": "subscribe", "subscription": 0},
    {"type": "subscribe", "subscription": 33},
)


def websocket_messages(target: Target) -> Iterator[Finding]:
    """Every message over WebSocket follows the schema of its type.

    This check asks for events and for answers of each kind that reads; it yields a finding for each message that breaks its schema.
    Messages of a type that the contract does not have are ignored, as every client must ignore them.
    """
    client = WebSocketClient(target)
    with client.open() as conversation:
        for asked in (
            {"type": "subscribe", "subscription": 1, "from": "earliest", "follow": False, "limit": 10},
            {"type": "subscribe", "subscription": 3, "lastEventId": f"no-such-position-{target.token}", "limit": 1},
            _INVALID,
            {"type": "ping", "request": 7},
            {"type": "unsubscribe", "subscription": 3},
        ):
            conversation.send(asked)
        for message in _received(conversation):
            schema = client.contract.sends.get(message["type"])
            for violation in schema.violations(dict(message), 1)[0] if schema else ():
                seen = f"{violation.pointer or 'it'} {violation.message}: {excerpt(message)}"
                yield Finding("A message follows the schema of its type.", seen, conversation.exchange)


def _received(conversation: Conversation) -> Iterator[Mapping[str, Any]]:
    """Yield the messages up to the end of subscription 1 and the answer to `unsubscribe`, which may come in either order."""
    left = {("closing", 1), ("unsubscribed", 3)}
    for message in conversation.messages():
        yield message
        left.discard((message["type"], message.get("subscription")))
        if not left:
            return


def websocket_errors(target: Target) -> Iterator[Finding]:
    """A message that breaks its schema is answered with an error that has its number; the connection stays open.

    This check yields a finding for each such `subscribe` if the error is missing or different, and if a `ping` after it is not answered.
    """
    with WebSocketClient(target).open() as conversation:
        for invalid in (_INVALID, *_SIMILAR):
            conversation.send(invalid)
            yield from _is_error(conversation, conversation.answer() or {}, invalid["subscription"])
        for ping in ({"type": "ping", "request": 7}, {"type": "ping"}):
            conversation.send(ping)
            pong = conversation.answer()
            if pong != {**ping, "type": "pong"}:
                promised = "The connection stays open, and a `ping` is answered with a `pong` of the same number."
                yield Finding(promised, excerpt(pong), conversation.exchange)


def _is_error(conversation: Conversation, error: Mapping[str, Any], number: int) -> Iterator[Finding]:
    """Yield a finding if a message is no error about the subscription `number`, which it need not name if that is out of range."""
    default = None if number == _INVALID["subscription"] else number
    match error:
        case {"type": "error", "problem": {"status": 400}} if error.get("subscription", default) == number:
            return
    promised = "An `error` with the number of the subscription, and with a problem of the status 400."
    yield Finding(promised, excerpt(error), conversation.exchange)
