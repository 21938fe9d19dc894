"""Checks of several subscriptions over one WebSocket connection, which are known by their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from app.check.findings import Finding
from app.check.request import excerpt
from app.check.target.probe_events import new_event, new_order, publish
from app.check.target.target import Target
from app.check.websocket.websocket_client import Conversation, WebSocketClient

_OPENINGS: Final = ("checkpoint", "gap")
_FIRST: Final = 11  # numbers of two subscriptions
_SECOND: Final = 12


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


def websocket_several(target: Target) -> Iterator[Finding]:
    """Each subscription over one connection has its own events, and none after `unsubscribed`.

    This check opens two subscriptions with a filter each, publishes events of both, ends the first, and publishes again. It yields a
    finding if a message has events of the other subscription, or one comes of a subscription that has ended.
    """
    orders = {_FIRST: new_order(), _SECOND: new_order()}
    with WebSocketClient(target).open() as conversation:
        for number, order in orders.items():
            conversation.send({"type": "subscribe", "subscription": number, "orderId": [order]})
        began = sum(1 for _ in islice((each for each in conversation.messages() if each["type"] in _OPENINGS), 2))
        first = [stored.id for stored in publish(target, *(new_event(target, order) for order in orders.values()))]
        came = _until(conversation, {_FIRST: first[0], _SECOND: first[1]})
        conversation.send({"type": "unsubscribe", "subscription": _FIRST})
        answer = conversation.answer()
        later = [stored.id for stored in publish(target, *(new_event(target, order) for order in orders.values()))]
        after = _until(conversation, {_SECOND: later[1]})
    if came != [(_FIRST, first[0]), (_SECOND, first[1])] and came != [(_SECOND, first[1]), (_FIRST, first[0])]:
        promised = "Each subscription has the events that match its own filter, with its own number."
        yield Finding(promised, f"after {began} beginnings came {excerpt(came)}", conversation.exchange, tuple(first))
    if answer is None or after != [(_SECOND, later[1])]:
        promised = "After `unsubscribed`, no message of that subscription follows, and the others go on."
        yield Finding(promised, f"after {excerpt(answer)} came {excerpt(after)}", conversation.exchange, tuple(later))


def _until(conversation: Conversation, last: Mapping[int, str]) -> list[tuple[Any, Any]]:
    """Return the events that come, each with the number of its subscription, until all of `last` have come, or the time is over."""
    came: list[tuple[Any, Any]] = []
    for message in conversation.messages():
        events = message.get("events") if message["type"] == "events" else None
        came += [(message.get("subscription"), each.get("id")) for each in events or () if isinstance(each, dict)]
        if {*last.values()} <= {id for _, id in came}:
            break
    return came
