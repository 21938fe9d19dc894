"""Checks of the messages of a WebSocket connection: their schemas, their numbers, and the answers to those that break their schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from app.check.findings import Finding
from app.check.request import excerpt
from app.check.target.target import Target
from app.check.websocket.websocket_client import Conversation, WebSocketClient

_OPENINGS: Final = ("checkpoint", "gap")
_INVALID: Final[Mapping[str, Any]] = {"type": "subscribe", "subscription": 2, "limit": 0}


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
        openings = (each for each in conversation.messages() if each["type"] in _OPENINGS)
        begun = [each.get("subscription") for each in islice(openings, 2)]
        conversation.send({"type": "unsubscribe", "subscription": 5})
        unsubscribed = conversation.answer()
    if sorted(begun, key=str) != [32, 5]:
        promised = "Each subscription begins with a message that has its number, here 5 and 32."
        yield Finding(promised, excerpt(begun), conversation.exchange)
    if unsubscribed != {"type": "unsubscribed", "subscription": 5}:
        promised = "`unsubscribe` is answered with `unsubscribed` and the same number."
        yield Finding(promised, excerpt(unsubscribed), conversation.exchange)


def websocket_number_again(target: Target) -> Iterator[Finding]:
    """The number of an open subscription cannot be used again; after `unsubscribe` or `closing` it can.

    This check subscribes twice with one number, ends the subscription and subscribes once more; then it does so after a subscription
    that the server has ended. It yields a finding if the second is not refused with 409, or a later one does not begin.
    """
    name, nobody = target.matching_nothing
    one = {"type": "subscribe", "subscription": 9, name: [nobody]}
    with WebSocketClient(target).open() as conversation:
        conversation.send(one)
        conversation.send(one)
        again = conversation.answer()
        conversation.send({"type": "unsubscribe", "subscription": 9})
        conversation.send({**one, "follow": False})
        ended = any(each["type"] == "closing" for each in conversation.messages())
        conversation.send(one)
        begins = next((each["type"] for each in conversation.messages() if each["type"] in _OPENINGS), None)
    match again:
        case {"type": "error", "subscription": 9, "problem": {"status": 409}}:
            pass
        case _:
            promised = "The number of a subscription that is still open is refused with an `error` of the status 409."
            yield Finding(promised, excerpt(again), conversation.exchange)
    if not ended or begins is None:
        promised = "A number is free again after `unsubscribed` or `closing`."
        yield Finding(promised, "the next subscription did not begin", conversation.exchange)
