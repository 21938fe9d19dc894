"""Checks of publishing, as a producer and a reader see it. These checks write events to the log of the server under check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.check.findings import Finding
from app.check.request import Response, excerpt
from app.check.target.paging import PageEvent
from app.check.target.probe_events import Stored, between, encoded, key_name, new_event, publish, publishing
from app.check.target.problem_faults import faults, members
from app.check.target.target import Target

_MALFORMED: Final = (
    b"",
    b"{",
    b"{} {}",
    b"\xef\xbb\xbf{}",
    b'{"eventType": NaN}',
    b'{"eventType": "a", "eventType": "b"}',
    b'{"eventType": "\\ud800"}',
    b'{"eventType": 9007199254740993}',
    b'{"eventType": 1e999}',
    b"[" * 40 + b"]" * 40,
    b'{"eventType": Infinity}',
    b'{"eventType": "\xff"}',
    b'{"eventType": "\x01"}',
    b'{"eventType": "a",}',
    b"{'eventType': 1}",
    b'{"eventType": 01}',
)


def publish_once(target: Target) -> Iterator[Finding]:
    """An event that was acknowledged with 201 arrives on an open stream once, as it was published.

    This check publishes an event and reads it on a stream; it yields a finding for each difference.
    """
    event = new_event(target)
    with target.session.following(target.stream()) as following:
        following.until(lambda reader: bool(reader.blocks), target.options.timeout_seconds)
        (stored,) = publish(target, event)
        (after,) = publish(target, new_event(target))
        following.until(
            lambda reader: any(each.id == after.id for each in reader.events), target.options.timeout_seconds
        )
        blocks = following.stream().blocks
    key = key_name(target, event)
    arrived = [block for block in blocks if block.member(key) == event["data"][key]]
    if stored.duplicate:
        yield Finding("`duplicate` is true only if the event was in the log before.", "duplicate: true", stored.request)
    if [(block.id, block.event) for block in arrived] != [(stored.id, event["eventType"])]:
        seen = f"it arrived {len(arrived)} times: {', '.join(excerpt(block.text) for block in arrived)}"
        yield Finding(
            "Every reader sees an event once, with the id that the producer got.",
            seen,
            stored.request,
            (stored.id,),
        )
    elif any(arrived[0].member(name) != value for name, value in event["data"].items()):
        yield Finding("An event is read as it was published.", excerpt(arrived[0].data), stored.request, (stored.id,))


def publish_batch(target: Target) -> Iterator[Finding]:
    """The events of one request stand next to each other in the log, in the order of the request.

    This check publishes three events in one request; it yields a finding if other events are between them or their order differs.
    """
    (first,) = publish(target, new_event(target))
    batch = publish(target, *(new_event(target) for _ in range(3)))
    ids = [event.id for event in between(target, first, batch[-1])][-2:]
    if ids != [stored.id for stored in batch[:-1]]:
        promised = "The events of one request stand next to each other in the log, in the order of the request."
        yield Finding(
            promised, f"before the last one come {', '.join(ids)}", batch[0].request, tuple(each.id for each in batch)
        )


def publish_again(target: Target) -> Iterator[Finding]:
    """An event that is published again is not stored again: the answer has duplicate true and the first id.

    This check publishes the same event twice; it yields a finding if the second response is different or the log has a second
    event.
    """
    event = new_event(target)
    (stored,) = publish(target, event)
    (again,) = publish(target, event)
    if not again.duplicate or again.id != stored.id:
        seen = f"duplicate: {again.duplicate}, id {again.id} instead of {stored.id}"
        yield Finding("The answer has `duplicate: true` and the first id.", seen, again.request, (stored.id,))
    yield from nothing_stored(target, stored, event)


def publish_conflict(target: Target) -> Iterator[Finding]:
    """The eventId of another event is refused with 409.

    This check publishes two different events with the same eventId; it yields a finding if the second event is not refused or is
    stored.
    """
    event = new_event(target)
    (stored,) = publish(target, event)
    other = {**new_event(target), "eventId": event["eventId"]}
    response = target.session.fetch(publishing(target, encoded(other)))
    yield from faults(target, response, 409, "The same eventId with other content")
    yield from nothing_stored(target, stored, other)


def publish_invalid(target: Target) -> Iterator[Finding]:
    """An event that breaks its contract is refused with 422, which points at the wrong value.

    This check yields a finding if an invalid event is not refused, or if the response does not contain the pointer to the wrong
    value.
    """
    event = _invalid(target)
    response = target.session.fetch(publishing(target, encoded(event)))
    yield from faults(target, response, 422, "An event that breaks its contract")
    yield from pointed(response, {(0, f"/data/{key_name(target, event)}")})


def _invalid(target: Target) -> dict[str, Any]:
    event = new_event(target)
    return {**event, "data": {**event["data"], key_name(target, event): 7}}


def pointed(response: Response, expected: set[tuple[Any, Any]]) -> Iterator[Finding]:
    """Yield a finding if the violations that a 422 lists are not at these places, each the index of an event and a pointer into it."""
    match members(response):
        case {"status": 422, "violations": list(violations)}:
            found = {(each.get("index"), each.get("pointer")) for each in violations if isinstance(each, dict)}
        case _:
            found = expected  # not such a problem document; `faults` has reported that
    if found != expected:
        yield Finding(
            f"`violations` lists every invalid event, here {sorted(expected)}.", str(response), response.request
        )


def publish_malformed(target: Target) -> Iterator[Finding]:
    """A body that is not JSON, or that parsers read in different ways, is refused with 400.

    This check publishes several such bodies; it yields a finding for each body that is not refused.
    """
    for body in _MALFORMED:
        response = target.session.fetch(publishing(target, body))
        yield from faults(target, response, 400, "A body that is not JSON, or that parsers read in different ways")


def publish_all_or_none(target: Target) -> Iterator[Finding]:
    """Nothing of a request with one invalid event is stored.

    This check publishes a valid and an invalid event in one request; it yields a finding if the request is not refused or the
    valid event is stored.
    """
    good = new_event(target)
    (before,) = publish(target, new_event(target))
    response = target.session.fetch(publishing(target, encoded([good, _invalid(target)])))
    yield from faults(target, response, 422, "A batch with an event that breaks its contract")
    yield from pointed(response, {(1, f"/data/{key_name(target, good)}")})
    yield from nothing_stored(target, before, good)


def nothing_stored(target: Target, before: Stored, event: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield a finding if the log has an event of the same order as `event`, stored after the event `before`."""
    (after,) = publish(target, new_event(target))
    name = key_name(target, event)
    order = event["data"][name]
    stored = [each.id for each in between(target, before, after) if _has(each, name, order)]
    if stored:
        yield Finding("Nothing was stored.", f"the log has events of the order {order}", after.request, tuple(stored))


def _has(event: PageEvent, name: str, value: str) -> bool:
    return isinstance(event.data, dict) and event.data.get(name) == value
