"""Checks of filtered streams that stay open: which new events they have, and how they get past the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final

from app.check.checks.filters import order_of
from app.check.checks.following import begins_with_gap, is_expired
from app.check.findings import Finding, NotSeen
from app.check.http.event_stream import Reader, Stream, has
from app.check.request import Pairs, excerpt
from app.check.target.probe_events import Stored, key_name, near_misses, new_event, new_order, publish
from app.check.target.target import SLACK_SECONDS, Target

_MOST_BEFORE: Final = 200  # events of others, in less than a second
_CHECKPOINTS: Final = 3  # after which one must be about the event that the check has published


def filter_open(target: Target) -> Iterator[Finding]:
    """A filtered stream that stays open has each new event that matches all of its filters, and no other.

    This check opens streams with filters by type, by order and by both, publishes events of orders with similar names, and yields a
    finding for each stream that lacks an event that matches, or has another.
    """
    order = new_order()
    events = near_misses(target, order)
    by_type, by_order = ("eventTypes", events[-1]["eventType"]), ("orderId", order)
    filters: tuple[Pairs, ...] = ((by_type,), (by_order,), (by_type, by_order))
    ids, streams = _published(target, events, filters)
    for parameters, stream in zip(filters, streams, strict=True):
        matches = _all_of(parameters)
        expected = [
            id
            for id, event in zip(ids, events, strict=True)
            if matches(event["eventType"], event["data"][key_name(target, event)])
        ]
        yield from _compared(target, stream, matches, expected, ids)


def _published(
    target: Target, events: Sequence[Mapping[str, Any]], filters: Sequence[Pairs]
) -> tuple[list[str], list[Stream]]:
    """Publish events while streams with these filters are open, and return the ids of the events and what each stream had."""
    seconds = target.options.timeout_seconds
    with ExitStack() as streams:
        open = [streams.enter_context(target.session.following(target.stream(*each))) for each in filters]
        for following in open:
            following.until(_has_begun, seconds)
        ids = [stored.id for stored in publish(target, *events)]
        deadline = time.monotonic() + seconds
        for following in open:
            following.until(has(ids[-1]), max(0, deadline - time.monotonic()))
        return ids, [following.stream() for following in open]


def _has_begun(reader: Reader) -> bool:
    return bool(reader.blocks)


def _all_of(parameters: Pairs) -> Callable[[str, object], bool]:
    """Return a function that says whether an event of a type and an order matches all of these filters, each of one value."""
    filters = dict(parameters)
    return lambda name, order: filters.get("eventTypes", name) == name and filters.get("orderId", order) == order


def _compared(
    target: Target,
    stream: Stream,
    matches: Callable[[str, object], bool],
    expected: Sequence[str],
    published: Sequence[str],
) -> Iterator[Finding]:
    promised = "An open stream has each new event that matches its filters, once and in order, and no other."
    foreign = next((each for each in stream.events if not matches(each.event, order_of(target, each))), None)
    arrived = [event.id for event in stream.events if event.id in published]
    if foreign is not None:
        seen = f"{excerpt(foreign.event)} {excerpt(foreign.data)}"
        yield Finding(promised, seen, stream.request, (foreign.id,))
    elif arrived != expected:
        seen = f"{len(arrived)} of the events that were published arrived, instead of {len(expected)}"
        yield Finding(promised, seen, stream.request, tuple(expected))


def skipped_events(target: Target) -> Iterator[Finding]:
    """On a filtered stream, a heartbeat after other events is a checkpoint, from which a client goes on without them.

    This check publishes an event while a stream is open that it does not match. It yields a finding if no checkpoint comes in the
    promised time, or if a stream that is resumed after it has the event once more, or a gap.
    """
    within = target.heartbeat_seconds
    with target.session.following(target.stream(("orderId", f"nobody-else-{target.token}"))) as following:
        following.until(_has_begun, target.options.timeout_seconds)
        (new,) = publish(target, new_event(target))
        for count in range(1, _CHECKPOINTS + 1):  # the first may be about events that others published before
            came = following.until(_has_checkpoints(count), 2 * within + SLACK_SECONDS)  # a comment may have come first
            found = [*_after_checkpoint(target, following.stream(), new)]
            if not found or not came:
                break
    yield from found


def _after_checkpoint(target: Target, stream: Stream, new: Stored) -> Iterator[Finding]:
    """Yield a finding if a stream has no checkpoint, or if its last one is followed by the event `new`, or by a gap."""
    checkpoints = [each.id for each in stream.blocks[1:] if each.event == "stream.checkpoint" and each.id is not None]
    if not checkpoints:
        promised = "At a heartbeat after events that the filter skipped, a `stream.checkpoint` with an id follows."
        yield Finding(
            promised, f"none came for more than {2 * target.heartbeat_seconds:g} s", stream.request, (new.id,)
        )
        return
    # Other events may come first: those that others published between the beginning of the stream and the event.
    resumed = target.session.read(
        target.finite(("lastEventId", checkpoints[-1])),
        lambda reader: len(reader.events) >= _MOST_BEFORE or new.id in {event.id for event in reader.events},
    )
    if is_expired(resumed):
        raise NotSeen("The server deleted the events after the checkpoint.")
    has_gap = begins_with_gap(resumed)
    if has_gap or new.id in {event.id for event in resumed.events}:
        seen = "a gap came" if has_gap else "the event came that the filter had skipped"
        yield Finding("After the id of a checkpoint, only events arrive that were not skipped.", seen, resumed.request)


def _has_checkpoints(count: int) -> Callable[[Reader], bool]:
    return lambda reader: sum(each.event == "stream.checkpoint" for each in reader.blocks[1:]) >= count
