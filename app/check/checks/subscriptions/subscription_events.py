"""Which events a subscription over any transport is sent. Each function checks one promise.

The events are compared with those of the log, as it was read from an event stream: every transport has the same events and ids.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.check.checks.following import read_known
from app.check.checks.starting.unknown_ids import similar_ids
from app.check.checks.subscriptions.comparing import compared, read_expected
from app.check.checks.subscriptions.subscription_bounds import STORED, read
from app.check.findings import Deleted, Finding
from app.check.request import excerpt
from app.check.target.differences import differences
from app.check.target.probe_events import new_event, publish
from app.check.target.received_items import Item, Transport
from app.check.target.stored_log import StoredLog
from app.check.target.target import Target


def has_all_events(target: Target, transport: Transport) -> Iterator[Finding]:
    """Yield a finding if the events of a finite subscription differ from those of the log."""
    log = target.log()
    received = read_expected(target, transport, log, log.events, STORED)
    promised = "Every transport has the same events, with the same ids and in the same order."
    yield from compared(target, transport, log, log.events, received, promised=promised)


def resumes(target: Target, transport: Transport) -> Iterator[Finding]:
    """Yield a finding if the last id from an event stream does not resume a subscription, or the other way around."""
    log = target.log(least=2)
    place = target.random.randrange(len(log.events) - 1)
    expected = log.events[place + 1 :]
    with transport.subscribe({"lastEventId": log.events[place].id}) as received:
        received.until(lambda each: len(each.events) >= len(expected), target.options.timeout_seconds)
    promised = "After the last id from an event stream, exactly the events that follow it arrive."
    yield from compared(target, transport, log, expected, received, promised=promised)
    yield from _resumes_stream(target, transport, log, place + 1)


def _resumes_stream(target: Target, transport: Transport, log: StoredLog, read_before: int) -> Iterator[Finding]:
    received = read(target, transport, {**STORED, "limit": read_before})
    places = {event.id: index for index, event in enumerate(log.events)}
    if not received.events or received.events[-1].id not in places:
        raise Deleted("The server deleted the events after which a stream was to be resumed.")
    expected = log.events[places[received.events[-1].id] + 1 :]
    ids = [item.last_event_id for item in received.items if item.last_event_id is not None]
    stream = read_known(target, log, expected, target.finite(("lastEventId", ids[-1] if ids else "")))
    promised = "After the last id from another transport, exactly the events that follow it arrive on an event stream."
    yield from differences(target, log, expected, stream.events, request=stream.request, promised=promised)


def reports_unknown_id(target: Target, transport: Transport) -> Iterator[Finding]:
    """Yield a finding if an id that the log never issued is not answered with a gap and every stored event."""
    foreign = f"no-such-position-{target.token}"
    log = target.stored()
    finite = read_expected(target, transport, log, log.events, {"lastEventId": foreign, "follow": False})
    with transport.subscribe({"lastEventId": foreign, "follow": True}) as open:
        open.until(
            lambda each: bool(each.items) and len(each.events) >= len(log.events), target.options.timeout_seconds
        )
    for received in (finite, open):
        first = received.items[0] if received.items else Item("nothing", {})
        gap = (first.kind, first.members.get("reason"), first.members.get("requested"))
        if gap != ("gap", "foreign", foreign) or first.last_event_id != first.members.get("earliest"):
            promised = "After an unknown id comes a gap with the reason `foreign`, and with its own id as `earliest`."
            yield Finding(promised, str(first), received.exchange, (foreign,))
        elif log.events and log.is_usable:
            promised = "After a gap the subscription continues from the earliest stored event."
            yield from compared(target, transport, log, log.events, received, promised=promised)


def reports_similar_ids(target: Target, transport: Transport) -> Iterator[Finding]:
    """Yield a finding if an id that resembles one of the log is not answered with a gap that has the right reason."""
    log = target.log()
    for id, reason in dict(similar_ids(log.events[-1].id)).items():
        if id in log.ids:
            continue
        received = read(target, transport, {"lastEventId": id, "follow": False}, lambda each: bool(each.items))
        first = received.items[0] if received.items else Item("nothing", {})
        if (first.kind, first.members.get("reason"), first.members.get("requested")) != ("gap", reason, id):
            promised = f"An id that this log never issued is a gap with the reason `{reason}`, which names the id."
            yield Finding(promised, str(first), received.exchange, (id,))


def publishes(target: Target, transport: Transport) -> Iterator[Finding]:
    """Yield a finding if a published event is not acknowledged, stored and sent exactly once, under one id on every transport."""
    event = new_event(target)
    with transport.subscribe({"orderId": [event["data"]["orderId"]]}) as received:
        received.until(lambda each: bool(each.items), target.options.timeout_seconds)
        stored = transport.publish(event)
        (again,) = publish(target, event)
        (after,) = publish(target, {**event, "eventId": f"{event['eventId']}-after"})
        received.until(lambda each: any(came.id == after.id for came in each.events), target.options.timeout_seconds)
    if stored.duplicate:
        promised = "`duplicate` is true only if the event was in the log before."
        yield Finding(promised, "duplicate: true", stored.exchange)
    if (again.id, again.duplicate) != (stored.id, True):
        promised = "An event that was published over one transport is a duplicate on another, with the same id."
        seen = f"duplicate: {again.duplicate}, id {again.id} instead of {excerpt(stored.id)}"
        yield Finding(promised, seen, stored.exchange, (stored.id,))
    if [came.id for came in received.events] != [stored.id, after.id]:
        promised = "A subscription is sent each published event once, with the id that the producer got."
        yield Finding(promised, f"{len(received.events)} events came", received.exchange, (stored.id, after.id))
