"""How a subscription over any transport begins, shows that it is alive, and ends. Each function checks one promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from app.check.checks.beginnings import FIRST_BYTE_SECONDS
from app.check.findings import Finding, Violated
from app.check.target.received_items import ReceivedItems, Transport
from app.check.target.target import SLACK_SECONDS, Target

STORED: Final[Mapping[str, Any]] = {"from": "earliest", "follow": False}
_TRIES: Final = 3  # one late item may be due to the network; three in a row are due to the server


def begins(target: Target, transport: Transport) -> Iterator[Finding]:
    """Yield a finding if a subscription does not begin with a checkpoint or a gap that has an id, or begins late."""
    begun = [_beginning(target, transport)]
    while _is_late(begun[-1]) and len(begun) < _TRIES:
        begun.append(_beginning(target, transport))
    if all(map(_is_late, begun)):
        yield Finding("The first message comes at once.", "it came late, or not at all", begun[-1].exchange)
    for item in begun[0].items[:1]:
        if item.kind not in ("checkpoint", "gap") or target.contract.position.violations(item.last_event_id, 1)[1]:
            promised = "A subscription begins with a checkpoint or a gap, which has an id."
            yield Finding(promised, str(item), begun[0].exchange)


def _beginning(target: Target, transport: Transport) -> ReceivedItems:
    with transport.subscribe({}) as received:
        received.until(lambda each: bool(each.items), target.options.timeout_seconds)
    return received


def _is_late(received: ReceivedItems) -> bool:
    return received.first_item_seconds is None or received.first_item_seconds > FIRST_BYTE_SECONDS


def is_kept_alive(target: Target, transport: Transport) -> Iterator[Finding]:
    """Yield a finding if nothing is sent in the promised time while no event matches."""
    name, nobody = target.matching_nothing
    within = target.heartbeat_seconds
    with transport.subscribe({name: [nobody]}) as received:
        received.until(lambda each: bool(each.items), target.options.timeout_seconds)
        begun = len(received.items)
        came = received.until(lambda each: len(each.items) > begun, within + SLACK_SECONDS)
    if not came or received.ended:
        promised = f"At most {within:g} seconds after the last message, a heartbeat or a checkpoint follows."
        yield Finding(promised, f"nothing came for more than {within:g} s", received.exchange)


def ends(target: Target, transport: Transport) -> Iterator[Finding]:
    """Yield a finding if a finite subscription does not end with a closing and the reason `end`."""
    name, nobody = target.matching_nothing
    received = read(target, transport, {**STORED, name: [nobody]})
    if received.closing_reason != "end":
        promised = "A finite subscription ends with a closing and the reason `end`."
        yield Finding(promised, _last(received), received.exchange)


def ends_after_limit(target: Target, transport: Transport) -> Iterator[Finding]:
    """Yield a finding if a subscription with a limit sends more events or fewer, or does not end with the reason `limit`."""
    log = target.log(least=2)
    most = min(3, len(log.events) - 1)
    received = read(target, transport, {"from": "earliest", "limit": most}, lambda each: len(each.events) > most)
    if len(received.events) != most:
        yield Finding(f"Exactly {most} order events.", f"{len(received.events)} order events came", received.exchange)
    elif received.closing_reason != "limit":
        promised = f"After {most} order events, the subscription ends with a closing and the reason `limit`."
        yield Finding(promised, _last(received), received.exchange)


def _last(received: ReceivedItems) -> str:
    return f"the last message was {received.items[-1]}" if received.items else "no message came"


def read(
    target: Target,
    transport: Transport,
    parameters: Mapping[str, Any],
    enough: Callable[[ReceivedItems], bool] = lambda _: False,
) -> ReceivedItems:
    """Read a subscription until `enough` returns True or the server ends it, and return what was read.

    Raises Violated if neither happens within the time that each request is allowed.
    """
    with transport.subscribe(parameters) as received:
        came = received.until(enough, target.options.timeout_seconds)
    if not came:
        seen = f"after {target.options.timeout_seconds:g} s it was still open, with {len(received.events)} order events"
        raise Violated(Finding("A subscription sends the stored events, or ends.", seen, received.exchange))
    return received
