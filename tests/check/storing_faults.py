"""Faults of what is stored of published events, and of how a server answers. Each has the check that must find it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from tests.check.broken_server import Change, Fault, Received
from tests.check.faults import Planted, answers, follows_everything, keep, publishes, status_is, with_json

BAD: Final = (b'"orderId": 7', b"no.such.type", b"noSuchProperty0")  # in events that are refused


def storing_twice() -> Fault:
    seen: set[bytes] = set()

    def first(asked: Received) -> list[Received]:
        if not publishes(asked):
            return []
        again = asked.body in seen
        seen.add(asked.body)
        return [replace(asked, body=renamed(asked.body))] if again else []

    return Fault(first=first)


def renamed(body: bytes) -> bytes:
    return json.dumps({**json.loads(body), "eventId": "stored-again"}).encode()


def storing_half() -> Fault:
    def first(asked: Received) -> list[Received]:
        batch = publishes(asked) and asked.body.startswith(b"[") and b'"orderId": 7' in asked.body
        return [replace(asked, body=json.dumps(json.loads(asked.body)[0]).encode())] if batch else []

    return Fault(first=first)


def storing_backwards() -> Fault:
    def asks(asked: Received) -> Received:
        batch = publishes(asked) and asked.body.startswith(b"[") and not any(bad in asked.body for bad in BAD)
        return replace(asked, body=json.dumps(json.loads(asked.body)[::-1]).encode()) if batch else asked

    return Fault(
        asks=asks, gives=lambda asked, given: backwards(given) if publishes(asked) and given.status == 201 else given
    )


backwards: Final = with_json(lambda body: {"events": body["events"][::-1]})


def changing_live(change: Change) -> Fault:
    """Change the events that were published alone, on streams that follow."""
    alone: set[bytes] = set()

    def asks(asked: Received) -> Received:
        if publishes(asked) and asked.body.startswith(b"{"):
            alone.update(re.findall(rb'"orderId": ("check-[^"]*")', asked.body))
        return asked

    def changed(piece: bytes) -> bytes:
        return change(piece) if any(order in piece for order in alone) else piece

    return Fault(asks=asks, streams=lambda asked: changed if follows_everything(asked) else keep)


def called(*, duplicate: bool) -> Callable[[Any], Any]:
    return lambda body: {"events": [{**each, "duplicate": duplicate} for each in body["events"]]}


def pointless(body: Any) -> Any:
    return {**body, "violations": [{**each, "pointer": ""} for each in body["violations"]]}


PLANTED_IN_STORING: Final[Mapping[str, Planted]] = {
    "an event is sent twice to followers": Planted(lambda: changing_live(lambda piece: piece * 2), "publish-once"),
    "an event is changed for followers": Planted(
        lambda: changing_live(lambda piece: piece.replace(b'"when":"2', b'"when":"3')), "publish-once"
    ),
    "a new event is called a duplicate": Planted(
        lambda: answers(
            with_json(called(duplicate=True)),
            lambda asked, given: publishes(asked) and given.status == 201 and asked.body.startswith(b"{"),
        ),
        "publish-once",
    ),
    "a duplicate is called a new event": Planted(
        lambda: answers(
            with_json(called(duplicate=False)), lambda asked, given: publishes(asked) and given.status == 201
        ),
        "publish-again",
    ),
    "a batch is stored backwards": Planted(storing_backwards, "publish-batch"),
    "a duplicate is stored twice": Planted(storing_twice, "publish-again"),
    "a conflict is accepted": Planted(
        lambda: answers(lambda given: replace(given, status=201), status_is(409)), "publish-conflict"
    ),
    "a bad event is not pointed at": Planted(
        lambda: answers(
            with_json(pointless), lambda asked, given: given.status == 422 and not asked.body.startswith(b"[")
        ),
        "publish-invalid",
    ),
    "a malformed body is refused as a contract violation": Planted(
        lambda: answers(
            lambda given: replace(given, status=422),
            lambda asked, given: publishes(asked) and given.status == 400 and not asked.parameters,
        ),
        "publish-malformed",
    ),
    "half of a bad batch is stored": Planted(storing_half, "publish-all-or-none"),
}
