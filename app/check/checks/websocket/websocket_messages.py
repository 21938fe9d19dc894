"""Checks of the WebSocket operation itself: the request that opens a connection, the messages, and the end of the connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from app.check.findings import Finding
from app.check.request import Request, excerpt
from app.check.target.problem_faults import refused
from app.check.target.target import Target
from app.check.websocket.websocket_client import Conversation, WebSocketClient

_OFFER: Final = (
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)
# Messages that end the connection, and the close code for each.
_ENDING: Final = (("{", 4400), ('{"type": "no-such-type"}', 4400), (b"{}", 1003))
_UNAUTHENTICATED: Final[tuple[Mapping[str, Any], ...]] = (
    {"type": "subscribe", "subscription": 1},
    {"type": "authenticate", "token": "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJjaGVjayJ9."},
)
_INVALID: Final[Mapping[str, Any]] = {"type": "subscribe", "subscription": 2, "limit": 0}


def websocket_refusals(target: Target) -> Iterator[Finding]:
    """A request that does not ask for WebSocket is refused with 426, and one without the subprotocol with 400."""
    path = WebSocketClient(target).contract.path
    yield from refused(target, Request(path), 426, "A request that does not ask for WebSocket is refused")
    request = Request(path, headers=_OFFER)
    yield from refused(target, request, 400, "A request that does not offer the subprotocol is refused")


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
    """A `subscribe` that breaks its schema is answered with an error that has its number; the connection stays open.

    This check yields a finding if the error is missing or different, or if a `ping` after it is not answered.
    """
    with WebSocketClient(target).open() as conversation:
        conversation.send(_INVALID)
        error = conversation.answer()
        conversation.send({"type": "ping", "request": 7})
        pong = conversation.answer()
    match error:
        case {"type": "error", "subscription": 2, "problem": {"status": 400}}:
            pass
        case _:
            promised = "An `error` with the number of the subscription, and with a problem of the status 400."
            yield Finding(promised, excerpt(error), conversation.exchange)
    if pong != {"type": "pong", "request": 7}:
        promised = "The connection stays open, and a `ping` is answered with a `pong` of the same number."
        yield Finding(promised, excerpt(pong), conversation.exchange)


def websocket_numbers(target: Target) -> Iterator[Finding]:
    """Subscriptions over one connection are known by their numbers, and `unsubscribe` ends only one of them.

    This check opens two subscriptions and ends the first; it yields a finding if the answers have other numbers.
    """
    name, nobody = target.matching_nothing
    with WebSocketClient(target).open() as conversation:
        for number in (5, 32):
            conversation.send({"type": "subscribe", "subscription": number, name: [nobody]})
        openings = (each for each in conversation.messages() if each["type"] in ("checkpoint", "gap"))
        begun = [each.get("subscription") for each in islice(openings, 2)]
        conversation.send({"type": "unsubscribe", "subscription": 5})
        unsubscribed = conversation.answer()
    if sorted(begun, key=str) != [32, 5]:
        promised = "Each subscription begins with a message that has its number, here 5 and 32."
        yield Finding(promised, excerpt(begun), conversation.exchange)
    if unsubscribed != {"type": "unsubscribed", "subscription": 5}:
        promised = "`unsubscribe` is answered with `unsubscribed` and the same number."
        yield Finding(promised, excerpt(unsubscribed), conversation.exchange)


def websocket_closings(target: Target) -> Iterator[Finding]:
    """A message that is not JSON, or has no known type, ends the connection with 4400, and a binary one with 1003.

    This check yields a finding for each such message after which the connection has another close code, or stays open.
    """
    client = WebSocketClient(target)
    for message, code in _ENDING:
        with client.open() as conversation:
            conversation.send(message)
            yield from _closed(conversation, code)


def websocket_token(target: Target) -> Iterator[Finding]:
    """A client that has sent no acceptable access token is sent away with 4401, if the operation needs one.

    This check subscribes without a token, and sends a token that nobody signed. It yields a finding if the connection has another close
    code, or stays open.
    """
    client = WebSocketClient(target)
    for message in _UNAUTHENTICATED if client.contract.needs_token else ():
        with client.open(with_token=False) as conversation:
            conversation.send(message)
            yield from _closed(conversation, 4401)


def _closed(conversation: Conversation, code: int) -> Iterator[Finding]:
    for _ in conversation.messages():
        pass  # whatever comes before the end
    if conversation.close_code != code:
        seen = "it stayed open" if conversation.close_code is None else f"the code was {conversation.close_code}"
        yield Finding(f"The connection ends with the code {code}.", seen, conversation.exchange)
