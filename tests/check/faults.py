"""What faults are made of: kinds of faults, conditions on the requests that meet them, and changes of what is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, NamedTuple

from app.check.target.target import Options
from tests.check.broken_server import Change, Fault, Head, Received

EVENTS: Final = "/events/orders"
MARKED: Final = "or_marked"  # the order of one stored event, a cancellation; some faults spoil that one alone
REASON: Final = "für zwei"


class Planted(NamedTuple):
    """A fault to plant.

    `fault`: makes the fault, once for each run, because a fault may have state.
    `found_by`: the check that must find it.
    """

    fault: Callable[[], Fault]
    found_by: str
    options: Options = Options(quick=True)


def each_stream(change: Change, when: Callable[[Received], bool] = lambda _: True) -> Fault:
    """Change each piece of some streams, one by one."""
    return Fault(streams=lambda asked: change if when(asked) else keep)


def order_events(make: Callable[[], Change], when: Callable[[Received], bool]) -> Fault:
    """Change the order events of some streams. `make`: makes the function that changes one stream, which may have state."""

    def streams(asked: Received) -> Change:
        change = make()
        return (lambda piece: change(piece) if b"\nevent: order." in piece else piece) if when(asked) else keep

    return Fault(streams=streams)


def answers(change: Callable[[Head], Head], when: Callable[[Received, Head], bool]) -> Fault:
    """Change some responses that are not streams."""
    return Fault(gives=lambda asked, given: change(given) if when(asked, given) else given)


def keep(piece: bytes) -> bytes:
    return piece


# Conditions on requests and responses


def resumes(asked: Received) -> bool:
    known = asked.last_event_id is not None and "-" in asked.last_event_id and "no-such" not in asked.last_event_id
    chosen = asked.has("eventTypes", "orderId", "limit", "from", "since")
    return known and asked.method == "GET" and not asked.wants_page and not asked.follows and not chosen


def reads_all(asked: Received) -> bool:
    return asked.all("from") == ["earliest"] and not asked.has("eventTypes", "orderId", "limit")


def follows_everything(asked: Received) -> bool:
    chosen = asked.has("orderId", "eventTypes", "from", "since") or asked.last_event_id
    return asked.follows and not asked.wants_page and not chosen and asked.path == EVENTS


def stays_open(asked: Received) -> bool:
    return asked.follows and not asked.wants_page and asked.path == EVENTS


def publishes(asked: Received) -> bool:
    return asked.method == "POST"


def status_is(status: int) -> Callable[[Received, Head], bool]:
    return lambda _, given: given.status == status


# Changes of order events


def dropping(place: int) -> Callable[[], Change]:
    return lambda: _counting(lambda count, piece: b"" if count == place else piece)


def repeating(place: int) -> Callable[[], Change]:
    return lambda: _counting(lambda count, piece: piece * 2 if count == place else piece)


def _counting(change: Callable[[int, bytes], bytes]) -> Change:
    count = -1

    def counted(piece: bytes) -> bytes:
        nonlocal count
        count += 1
        return change(count, piece)

    return counted


def swapping() -> Change:
    held: list[bytes] = []

    def swap(count: int, piece: bytes) -> bytes:
        if count == 0:
            held.append(piece)
            return b""
        return piece + held.pop() if held else piece

    return _counting(swap)


# Changes of requests and responses


def with_json(change: Callable[[Any], Any]) -> Callable[[Head], Head]:
    return lambda given: replace(given, body=json.dumps(change(json.loads(given.body))).encode())


def without_headers(*names: str) -> Callable[[Head], Head]:
    return lambda given: replace(
        given, headers={name: value for name, value in given.headers.items() if name not in names}
    )


def as_html(given: Head) -> Head:
    return replace(given, headers={**given.headers, "content-type": "text/html"}, body=b"<h1>Not Found</h1>")


def without_header(asked: Received, name: str, value: str) -> Received:
    headers = {each: text for each, text in asked.headers.items() if each != "last-event-id"}
    return replace(asked, headers=headers, parameters=[*asked.parameters, (name, value)])
