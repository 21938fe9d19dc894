"""Checks of an event that is published again: it is known by its `eventId`, for as long as it is stored, and by its content."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.check.checks.following import by_query, is_expired
from app.check.checks.publishing.published_events import nothing_stored
from app.check.findings import Deleted, Finding
from app.check.target.listed_versions import default_version, is_superseded, listed_versions, oldest_major, schema_of
from app.check.target.probe_events import Stored, encoded, new_event, publish, publish_body, publishing
from app.check.target.problem_faults import faults
from app.check.target.target import Target
from app.specification.schema.schema import compile_schema

_OTHERS: Final = 100  # events that are published between an event and its repetition

_AGAIN: Final = "The answer has `duplicate: true` and the id of the stored event."


def publish_remembered(target: Target) -> Iterator[Finding]:
    """An `eventId` is remembered after many other events.

    This check publishes an event, a hundred others, and the first one again. It yields a finding if the event is stored again.
    """
    event = new_event(target)
    (stored,) = publish(target, event)
    publish(target, *(new_event(target) for _ in range(min(_OTHERS, target.contract.most_published))))
    (again,) = publish(target, event)
    yield from _not_known(target, stored, again, _AGAIN)


def publish_largest(target: Target) -> Iterator[Finding]:
    """A request may have as many events as the document says, and an event that is in it several times is stored once.

    This check publishes the largest request that is allowed, of one event with one `eventId`. It yields a finding if the answer is not
    that the event was stored, and then that all others are duplicates of it.
    """
    event = new_event(target)
    first, *others = publish(target, *[event] * target.contract.most_published)
    if first.duplicate:
        yield Finding("`duplicate` is true only if the event was in the log before.", "duplicate: true", first.request)
    strange = next((each for each in others if not each.duplicate or each.id != first.id), None)
    if strange is not None:
        yield from _not_known(target, first, strange, "An event that is in one request several times is stored once.")
    yield from nothing_stored(target, first, event)


def publish_same(target: Target) -> Iterator[Finding]:
    """An event has the same content if its type and data are equal as JSON; its version counts only where it is named.

    This check publishes an event again with its members in another order and escaped, and with its version named. It yields a finding
    if one is refused, or not known as a duplicate.
    """
    event = {name: value for name, value in new_event(target).items() if name != "schemaVersion"}
    (stored,) = publish(target, event)
    body = json.dumps(_backwards(event), indent=2).replace(event["eventId"], _escaped(event["eventId"]))
    (again,) = publish_body(target, body.encode(), [event["eventId"]])
    yield from _not_known(target, stored, again, _AGAIN)
    versions = listed_versions(target).get(event["eventType"], [])
    default = default_version(versions)
    if default is not None:
        (again,) = publish(target, {**event, "schemaVersion": default})
        yield from _not_known(target, stored, again, _AGAIN)


def _backwards(event: Mapping[str, Any]) -> dict[str, Any]:
    data = dict(reversed(event["data"].items()))
    return dict(reversed({**event, "data": data}.items()))


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


def publish_other(target: Target) -> Iterator[Finding]:
    """An `eventId` with another type or another named version is refused with 409, like one with other data.

    This check yields a finding if such an event is not refused, or is stored; also if both are in one request.
    """
    event = new_event(target)
    (stored,) = publish(target, event)
    for other in _others(target, event):
        response = target.session.fetch(publishing(target, encoded(other)))
        yield from faults(target, response, 409, "The same eventId with other content")
    yield from nothing_stored(target, stored, event)
    first = new_event(target)
    second = {**new_event(target), "eventId": first["eventId"]}
    response = target.session.fetch(publishing(target, encoded([first, second])))
    yield from faults(target, response, 409, "Two events of one request with the same eventId and other content")
    yield from nothing_stored(target, stored, first)


def _others(target: Target, event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield events that follow the contract and have the `eventId` of `event`, and another type or version."""
    data: dict[str, Any] = event["data"]
    for type, example in target.contract.examples.items():
        other = {**example, "eventId": event["eventId"], "data": {**example["data"], **data}}
        others = type != event["eventType"] and type in target.order_types
        if others and compile_schema(target.contract.data[type], type).accepts(other["data"]):
            yield other
    versions = listed_versions(target).get(event["eventType"], [])
    named = event.get("schemaVersion") or default_version(versions)
    older = next((each for each in oldest_major(versions) if each.version != named), None)
    # Versions of a major that is superseded are the same to the server: it stores events of all of them in a later one.
    if older is not None and not is_superseded(versions, older.version) and schema_of(target, older).accepts(data):
        yield {**event, "schemaVersion": older.version}


def _not_known(target: Target, stored: Stored, again: Stored, promised: str) -> Iterator[Finding]:
    """Yield a finding if an event that is published again is not known. Raises Deleted if the server has deleted it meanwhile."""
    if again.duplicate and again.id == stored.id:
        return
    if is_expired(target.session.read(by_query(target, stored.id), lambda reader: bool(reader.blocks))):
        raise Deleted("The server deleted the event that was to be published again.")
    seen = f"duplicate: {again.duplicate}, id {again.id} instead of {stored.id}"
    yield Finding(promised, seen, again.request, (stored.id,))
