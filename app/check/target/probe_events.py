"""Publish test events to the server under check, if the user allows it.

A test event is a copy of the example in the contract, with a new key.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from app.check.findings import CannotCheck, Finding, NotSeen, Violated
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


def new_event(target: Target, order: str | None = None, event_type: str | None = None) -> dict[str, Any]:
    """Return a new test event: of the order `order`, or of a new one, and of the type `event_type`, or of any.

    Raises CannotCheck if the contract has no example of such an event.
    """
    permitted = [target.contract.examples[each] for each in target.contract.examples if each in target.order_types]
    example = next(iter(permitted), None) if event_type is None else target.contract.examples.get(event_type)
    if example is None:
        raise CannotCheck("The contract shows no example of an event to publish.")
    name = f"check-{uuid.uuid4().hex}"  # not from the seed: it must be new in every run
    return {**example, "eventId": name, "data": {**example["data"], key_name(target, example): order or name}}


def near_misses(target: Target, order: str) -> list[dict[str, Any]]:
    """Return events of each type, of the order `order` and of orders with similar names; the last is of that order and the first type.

    Raises CannotCheck if the contract has no example of an event.
    """
    types = [each for each in target.contract.examples if each in target.order_types]
    events = [
        new_event(target, each, type) for type in types for each in (order, f"{order}0", order[:-1], order.upper())
    ]
    return [*events, new_event(target, order, types[0] if types else None)]


def longest_event(target: Target, order: str) -> dict[str, Any]:
    """Return a test event of the type whose data may have the longest texts, with texts of that length."""
    types = [each for each in target.contract.examples if each in target.order_types]
    texts = {type: _longest_texts(target.contract.data[type]) for type in types}
    type = max(types, key=lambda each: sum(map(len, texts[each].values())), default=None)
    event = new_event(target, order, type)
    event.pop("schemaVersion", None)  # the texts are those of the version that the document shows, which is the default
    return {**event, "data": {**event["data"], **texts.get(event["eventType"], {})}}


def _longest_texts(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return the longest texts for the properties that may have any text. A letter that is not ASCII takes up to six bytes in JSON."""
    return {
        name: "ü" * part["maxLength"]
        for name, part in schema.get("properties", {}).items()
        if part.get("type") == "string" and "maxLength" in part and not {"pattern", "format", "enum"} & part.keys()
    }


def new_order() -> str:
    """Return the name of an order that no other event is of."""
    return f"check-{uuid.uuid4().hex}"


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

    Raises Violated if the response is not as the contract describes it, NotSeen if the access token does not permit it.
    """
    return publish_body(target, encoded(events if len(events) > 1 else events[0]), _event_ids(events))


def publish_body(target: Target, body: bytes, event_ids: Sequence[str]) -> list[Stored]:
    """Publish events as these bytes, and return the response about each event; see `publish`.

    `event_ids`: the `eventId` of each event.
    """
    request = publishing(target, body)
    response = target.session.fetch(request)
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if response.status == HTTPStatus.FORBIDDEN and target.options.token:
        raise NotSeen("The access token does not permit to publish such events.")
    schema = target.contract.published
    wrong = schema is None or schema.violations(answer, 1)[1]
    if response.status != 201 or wrong or [each["eventId"] for each in answer["events"]] != [*event_ids]:
        promised = "201: the events are on disk, in the order of the request."
        raise Violated(Finding(promised, str(response), request))
    return [Stored(each["id"], each["duplicate"], request) for each in answer["events"]]


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
