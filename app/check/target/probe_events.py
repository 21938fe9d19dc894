"""Publish test events to the server under check, if the user allows it.

A test event is a copy of the example in the contract, with a new key.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from app.check.findings import CannotCheck, Finding, Violated
from app.check.published_contract import PAGE
from app.check.request import Request
from app.check.target.paging import PageEvent, walk
from app.check.target.target import Target

_MOST_EVENTS = 20_000  # of other publishers, between two of the check


class Stored(NamedTuple):
    """The server's response about one published event.

    `id`: the event's id in the log.
    `duplicate`: whether the event was in the log before.
    `request`: the request with which the event was published.
    """

    id: str
    duplicate: bool
    request: Request


def new_event(target: Target) -> dict[str, Any]:
    """Return a new test event of a new order. Raises CannotCheck if the contract has no example of an event."""
    example = target.contract.example
    if example is None:
        raise CannotCheck("The contract shows no example of an event to publish.")
    name = f"check-{uuid.uuid4().hex}"  # not from the seed: it must be new in every run
    return {**example, "eventId": name, "data": {**example["data"], key_name(target, example): name}}


def key_name(target: Target, event: Mapping[str, Any]) -> str:
    """Return the name of the property of an event's data that has the key, by which readers filter."""
    return target.contract.keys.get(event["eventType"], "orderId")


def publishing(target: Target, body: bytes) -> Request:
    path = target.contract.paths["publishOrderEvents"]
    return Request(path, headers=(("Content-Type", PAGE),), method="POST", body=body)


def encoded(events: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> bytes:
    return json.dumps(events).encode()


def publish(target: Target, *events: Mapping[str, Any]) -> list[Stored]:
    """Publish events in one request, and return the response about each event.

    Raises Violated if the response is not as the contract describes it.
    """
    request = publishing(target, encoded(events if len(events) > 1 else events[0]))
    response = target.session.fetch(request)
    try:
        body = response.json()
    except ValueError:
        body = None
    schema = target.contract.published
    wrong = schema is None or schema.violations(body, 1)[1]
    if response.status != 201 or wrong or [each["eventId"] for each in body["events"]] != _event_ids(events):
        promised = "201: the events are on disk, in the order of the request."
        raise Violated(Finding(promised, str(response), request))
    return [Stored(each["id"], each["duplicate"], request) for each in body["events"]]


def _event_ids(events: Sequence[Mapping[str, Any]]) -> list[str]:
    return [event["eventId"] for event in events]


def between(target: Target, first: Stored, last: Stored) -> list[PageEvent]:
    """Return the events in the log between two published events, without these two.

    Raises Violated if the event `last` is not in the log.
    """
    events = walk(target, ("lastEventId", first.id), lambda each: each.id == last.id, size=100, most=_MOST_EVENTS)
    ids = [event.id for event in events]
    if last.id not in ids:
        if len(events) >= _MOST_EVENTS:
            raise CannotCheck(f"More than {_MOST_EVENTS} events were published meanwhile.")
        raise Violated(
            Finding("After 201 every reader finds the event.", f"no event {last.id} in the log", last.request)
        )
    return events[: ids.index(last.id)]
