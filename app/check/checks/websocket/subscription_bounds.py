"""Checks of how a subscription over WebSocket begins, shows that it is alive, and ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from app.check.checks.beginnings import FIRST_BYTE_SECONDS
from app.check.findings import Finding, Violated
from app.check.target.target import SLACK_SECONDS, Target
from app.check.websocket.received_items import ReceivedItems
from app.check.websocket.websocket_client import WebSocketClient

STORED: Final[Mapping[str, Any]] = {"from": "earliest", "follow": False}
_TRIES: Final = 3  # one late item may be due to the network; three in a row are due to the server


def websocket_opening(target: Target) -> Iterator[Finding]:
    """A subscription over WebSocket begins at once, with a checkpoint or a gap that has an id."""
    client = WebSocketClient(target)
    begun = [_beginning(target, client)]
    while _is_late(begun[-1]) and len(begun) < _TRIES:
        begun.append(_beginning(target, client))
    if all(map(_is_late, begun)):
        yield Finding("The first message comes at once.", "it came late, or not at all", begun[-1].exchange)
    for item in begun[0].items[:1]:
        if item.kind not in ("checkpoint", "gap") or target.contract.position.violations(item.last_event_id, 1)[1]:
            promised = "A subscription begins with a checkpoint or a gap, which has an id."
            yield Finding(promised, str(item), begun[0].exchange)


def _beginning(target: Target, client: WebSocketClient) -> ReceivedItems:
    with client.subscribe({}) as received:
        received.until(lambda each: bool(each.items), target.options.timeout_seconds)
    return received


def _is_late(received: ReceivedItems) -> bool:
    return received.first_item_seconds is None or received.first_item_seconds > FIRST_BYTE_SECONDS


def websocket_heartbeat(target: Target) -> Iterator[Finding]:
    """A WebSocket connection on which no event arrives has a heartbeat within the promised time."""
    client = WebSocketClient(target)
    name, nobody = target.matching_nothing
    within = target.options.heartbeat_seconds
    with client.subscribe({name: [nobody]}) as received:
        received.until(lambda each: bool(each.items), target.options.timeout_seconds)
        begun = len(received.items)
        came = received.until(lambda each: len(each.items) > begun, within + SLACK_SECONDS)
    if not came or received.ended:
        promised = f"At most {within:g} seconds after the last message, a heartbeat or a checkpoint follows."
        yield Finding(promised, f"nothing came for more than {within:g} s", received.exchange)


def websocket_end(target: Target) -> Iterator[Finding]:
    """`follow: false` over WebSocket ends the subscription with a closing and the reason `end`."""
    client = WebSocketClient(target)
    name, nobody = target.matching_nothing
    received = read(target, client, {**STORED, name: [nobody]})
    if received.closing_reason != "end":
        promised = "A finite subscription ends with a closing and the reason `end`."
        yield Finding(promised, _last(received), received.exchange)


def websocket_limit(target: Target) -> Iterator[Finding]:
    """`limit` over WebSocket ends the subscription after that many order events, with the reason `limit`."""
    client = WebSocketClient(target)
    log = target.log(least=2)
    most = min(3, len(log.events) - 1)
    received = read(target, client, {"from": "earliest", "limit": most}, lambda each: len(each.events) > most)
    if len(received.events) > most:
        yield Finding(f"At most {most} order events.", f"{len(received.events)} order events came", received.exchange)
    elif received.closing_reason != "limit":
        promised = f"After {most} order events, the subscription ends with a closing and the reason `limit`."
        yield Finding(promised, _last(received), received.exchange)


def _last(received: ReceivedItems) -> str:
    return f"the last message was {received.items[-1]}" if received.items else "no message came"


def read(
    target: Target,
    client: WebSocketClient,
    parameters: Mapping[str, Any],
    enough: Callable[[ReceivedItems], bool] = lambda _: False,
) -> ReceivedItems:
    """Read a subscription until `enough` returns True or the server ends it, and return what was read.

    Raises Violated if neither happens within the time that each request is allowed.
    """
    with client.subscribe(parameters) as received:
        came = received.until(enough, target.options.timeout_seconds)
    if not came:
        seen = f"after {target.options.timeout_seconds:g} s it was still open, with {len(received.events)} order events"
        raise Violated(Finding("A subscription sends the stored events, or ends.", seen, received.exchange))
    return received
