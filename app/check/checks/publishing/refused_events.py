"""Checks of publish requests that the server must refuse: too much, of another media type, or with names that the contract does not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from app.check.checks.publishing.published_events import nothing_stored, pointed
from app.check.findings import CannotCheck, Finding, NoAnswer
from app.check.published_contract import PAGE
from app.check.request import Pairs, Request
from app.check.target.probe_events import encoded, key_name, new_event, publish, publishing
from app.check.target.problem_faults import faults, refused
from app.check.target.target import Target

_LONGEST_NAME: Final = 128  # of an eventId and an orderId, in characters
_UNACCEPTED: Final[tuple[Pairs, ...]] = (
    (),
    (("Content-Type", "text/plain"),),
    (("Content-Type", "application/jsonp"),),
    (("Content-Type", "application/problem+json"),),
    (("Content-Type", "application/json; charset=latin-1"),),
    (("Content-Type", PAGE), ("Content-Encoding", "gzip")),
    (("Content-Type", PAGE), ("Content-Encoding", "identity")),
)


def publish_too_much(target: Target) -> Iterator[Finding]:
    """A request without an event, or with more than the document allows, is refused with 422, and a larger body with 413.

    This check yields a finding for each such request that is not refused, or of which an event is stored.
    """
    event = new_event(target)
    (before,) = publish(target, new_event(target))
    for events in ([], [event] * (target.contract.most_published + 1)):
        response = target.session.fetch(publishing(target, encoded(events)))
        yield from faults(target, response, 422, f"A request with {len(events)} events is refused")
    body: Mapping[str, Any] = target.contract.published_body
    if "x-max-json-values" in body:
        values = b"[" + b"0," * int(body["x-max-json-values"]) + b"0]"
        yield from refused(target, publishing(target, values), 413, "A body with too many values is refused")
    if "x-max-body-bytes" in body:
        yield from _too_large(target, publishing(target, b" " * (int(body["x-max-body-bytes"]) + 1)))
    yield from nothing_stored(target, before, event)


def _too_large(target: Target, request: Request) -> Iterator[Finding]:
    try:
        yield from faults(target, target.session.fetch(request), 413, "A body that is too large is refused")
    except NoAnswer:
        raise
    except CannotCheck:
        return  # a server may end the connection while a body arrives that it has refused


def publish_names(target: Target) -> Iterator[Finding]:
    """An `eventId` and an `orderId` have up to 128 characters; a longer one, or one with a control character, is refused with 422.

    This check yields a finding for each name that is refused although it is permitted, or the other way around.
    """
    event = new_event(target)
    key = key_name(target, event)
    longest = f"{event['eventId']}_.:-".ljust(_LONGEST_NAME, "x")
    publish(target, {**event, "eventId": longest, "data": {**event["data"], key: longest}})
    for name in (f"{longest}x", f"{longest[:-1]}\n", "a b", ""):
        for pointer, other in (
            ("/eventId", {**event, "eventId": name}),
            (f"/data/{key}", {**event, "data": {**event["data"], key: name}}),
        ):
            response = target.session.fetch(publishing(target, encoded(other)))
            yield from faults(target, response, 422, "A name that breaks its pattern is refused")
            yield from pointed(response, {(0, pointer)})


def publish_unknown(target: Target) -> Iterator[Finding]:
    """An event of an unknown type or version, a control event, and an unknown member are refused with 422, which points at each.

    This check publishes them in one request, after an event that is valid. It yields a finding if the request is not refused, if the
    answer does not list all of them, or if the valid event is stored.
    """
    good = new_event(target)
    (before,) = publish(target, new_event(target))
    bad = (
        {**new_event(target), "eventType": "no.such.type"},
        {**new_event(target), "eventType": "stream.checkpoint", "data": {}},
        {**new_event(target), "schemaVersion": "999.0.0"},
    )
    response = target.session.fetch(publishing(target, encoded([good, *bad])))
    yield from faults(target, response, 422, "Events that the contract does not have are refused")
    pointers = ("/eventType", "/eventType", "/schemaVersion")
    yield from pointed(response, {(index, pointer) for index, pointer in enumerate(pointers, 1)})
    strange = publishing(target, encoded({**good, "noSuchMember": 1}))
    yield from refused(target, strange, 422, "A member that the contract does not have is refused")
    yield from nothing_stored(target, before, good)


def publish_media_type(target: Target) -> Iterator[Finding]:
    """A body that is not said to be JSON in UTF-8, or is said to be compressed, is refused with 415; an unknown parameter with 400.

    This check yields a finding for each such request that is not refused, and for one that is although it names the charset.
    """
    path = target.contract.paths["publishOrderEvents"]
    body = encoded(new_event(target))
    for headers in _UNACCEPTED:
        request = Request(path, headers=headers, method="POST", body=body)
        yield from refused(target, request, 415, "A body of another media type is refused")
    request = Request(path, (("no-such-parameter", "1"),), (("Content-Type", PAGE),), "POST", body)
    yield from refused(target, request, 400, "A parameter that is unknown is refused")
    request = Request(path, (), (("Content-Type", "Application/JSON; Charset=UTF-8"),), "POST", body)
    response = target.session.fetch(request)
    if response.status not in (HTTPStatus.CREATED, HTTPStatus.FORBIDDEN):  # which a restricted token may be
        yield Finding("A body that is said to be JSON in UTF-8 is accepted.", str(response), request)
