"""Checks of how the gRPC service is published to, and that it needs an access token where the HTTP API does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.check.checks.permissions.access import unacceptable
from app.check.findings import Finding
from app.check.grpc.grpc_call import GrpcCall
from app.check.request import excerpt
from app.check.target.probe_events import key_name, new_event, new_order, publish
from app.check.target.target import Target

_NUMBERS: Final = (7, 3)  # of two requests


def grpc_publish_refusals(target: Target) -> Iterator[Finding]:
    """`Publish` refuses all events with INVALID_ARGUMENT if one breaks the contract, and an `event_id` that is taken with ALREADY_EXISTS.

    This check publishes a good event with a bad one, and an event with the id of another. It yields a finding if they are answered
    otherwise, if the details do not name the bad event, or if the good one is stored.
    """
    from app.check.grpc.observed_calls import answer_to  # noqa: PLC0415  # the extra `grpc` may be missing where checks are listed

    good, bad = new_event(target), {**new_event(target), "eventId": "no name"}
    status, fields, call = answer_to(target, [good, bad])
    if status != "INVALID_ARGUMENT" or not fields or not all(each.startswith("/events/1") for each in fields):
        promised = "INVALID_ARGUMENT with a BadRequest that names /events/1."
        yield Finding(promised, f"{status}, which named {excerpt(fields)}", call)
    (stored,) = publish(target, good)
    if stored.duplicate:
        yield Finding("All events of a call are stored, or none.", "the good one was stored", call, (stored.id,))
    other = {**good, "data": {**good["data"], key_name(target, good): new_order()}}
    status, _, call = answer_to(target, [other])
    if status != "ALREADY_EXISTS":
        yield Finding("An `event_id` of an event with other content: ALREADY_EXISTS.", status, call, (stored.id,))


def grpc_publish_stream(target: Target) -> Iterator[Finding]:
    """`PublishStream` stores the events of each request, and responds in the order of the requests with their numbers.

    This check sends two requests in one call, of which the second repeats an event of the first. It yields a finding if the responses are
    others, or an event is not stored under the id in its response.
    """
    from app.check.grpc.observed_calls import published_as_stream  # noqa: PLC0415  # the extra `grpc` may be missing where checks are listed

    first, second = new_event(target), new_event(target)
    numbers = dict(zip(_NUMBERS, ([first], [second, first]), strict=True))
    responses, call = published_as_stream(target, [*numbers.items()])
    came = [(number, [(each.get("eventId"), each.get("duplicate", False)) for each in of]) for number, of in responses]
    names = first["eventId"], second["eventId"]
    if came != [(7, [(names[0], False)]), (3, [(names[1], False), (names[0], True)])]:
        promised = "A response for each request, with its number, and with one result for each event."
        yield Finding(promised, excerpt(came), call)
        return
    yield from _stored(target, call, first, responses[0][1][0].get("id"))
    yield from _stored(target, call, second, responses[1][1][0].get("id"))


def _stored(target: Target, call: GrpcCall, event: dict[str, object], id: object) -> Iterator[Finding]:
    (again,) = publish(target, event)
    if (again.id, again.duplicate) != (id, True):
        promised = "An event that was acknowledged is stored under that id."
        yield Finding(promised, f"it was stored as {again.id} and not as {excerpt(id)}", call, (again.id,))


def grpc_event_id(target: Target) -> Iterator[Finding]:
    """An event over gRPC has the `event_id` with which it was published."""
    from app.check.grpc.grpc_client import GrpcClient  # noqa: PLC0415  # the extra `grpc` may be missing where checks are listed

    order = new_order()
    event = new_event(target, order)
    (stored,) = publish(target, event)
    with GrpcClient(target).subscribe({"from": "earliest", "orderId": [order], "follow": False}) as received:
        received.until(lambda each: stored.id in each.ids, target.options.timeout_seconds)
    came = received.envelopes.get(stored.id, {}).get("eventId")
    if came != event["eventId"]:
        seen = f"event_id is {excerpt(came)}"
        yield Finding("An event has the `event_id` that its producer gave it.", seen, received.exchange, (stored.id,))


def grpc_token(target: Target) -> Iterator[Finding]:
    """Every method is refused with UNAUTHENTICATED without an acceptable access token, if reading over HTTP needs one.

    This check calls each method without a token, and with tokens that nobody signed. It yields a finding for each that is answered
    otherwise.
    """
    from app.check.grpc.observed_calls import answer_without_token  # noqa: PLC0415  # the extra `grpc` may be missing where checks are listed

    if ("GET", target.contract.stream_path) not in target.contract.protected:
        return
    for method in ("Subscribe", "Publish", "PublishStream"):
        for authorization in unacceptable(target.options.token or ""):
            status, _, call = answer_without_token(target, method, authorization)
            if status != "UNAUTHENTICATED":
                promised = "A call without an acceptable token is refused with UNAUTHENTICATED."
                yield Finding(promised, f"{method}: {status}", call)
