"""Checks of streams that stay open: what they have first, where they begin, and which new events follow. Others read the stored events."""

from __future__ import annotations

from collections.abc import Iterator

from app.check.checks.following import by_header, by_query, needless_gap
from app.check.findings import Finding
from app.check.http.event_stream import Stream, has
from app.check.request import Request, excerpt
from app.check.target.differences import differences
from app.check.target.probe_events import new_event, new_order, publish
from app.check.target.stored_log import StoredLog
from app.check.target.target import Target

_RESUMED = "On a stream that stays open, too, exactly the events that follow the id arrive, and then each new one."


def resume_open(target: Target) -> Iterator[Finding]:
    """A stream that is resumed and stays open has exactly the events that follow the id, and then each new event once.

    This check resumes such a stream, by the header and by the parameter, before events of the log and at its end. It yields a finding
    for each stream whose events differ from the log, and, with `--publish`, if an event that is published meanwhile is not the next one.
    """
    log = target.log(least=2)
    last = len(log.events) - 1
    inner = target.random.randrange(last)
    for request_after, place in ((by_header, inner), (by_query, inner), (by_query, last)):
        expected = log.events[place + 1 :]
        request = request_after(target, log.events[place].id, follow=True)
        stream, new = _followed(target, log, request, len(expected))
        yield from differences(target, log, expected, stream.events, request=request, promised=_RESUMED)
        yield from needless_gap(target, log, stream)
        if new is not None and [event.id for event in stream.events].count(new) != 1:
            seen = f"of {len(stream.events)} events, not exactly one was the event that was published meanwhile"
            yield Finding(_RESUMED, seen, request, (new,))


def _followed(target: Target, log: StoredLog, request: Request, most: int) -> tuple[Stream, str | None]:
    """Read a stream that stays open until an event has arrived that is published meanwhile, and return the stream and its id.

    If nothing may be published, or there are more events than were read before, `most` events are read, and the id is None.
    """
    seconds = target.options.timeout_seconds
    with target.session.following(request) as following:
        following.until(lambda reader: bool(reader.blocks), seconds)
        if target.options.publish and log.whole:
            (new,) = publish(target, new_event(target))
            following.until(has(new.id), seconds)
            return following.stream(), new.id
        following.until(lambda reader: len(reader.events) >= most, seconds)
        return following.stream(), None


def first_id(target: Target) -> Iterator[Finding]:
    """The id of a stream's first frame is the place from which the stream goes on: a client that is cut off there misses nothing.

    This check opens streams that stay open and resumes them after the id of their first frame. It yields a finding if events are missing
    then that the stream was to have; with `--publish`, also for an event that was published after the first frame.
    """
    log = target.log(least=2)
    place = target.random.randrange(len(log.events) - 1)
    starts = (
        (target.stream(("from", "earliest")), log.events),
        (by_query(target, log.events[place].id, follow=True), log.events[place + 1 :]),
    )
    promised = "After the id of the first frame, every event arrives that the stream goes on with."
    for request, expected in starts:
        id = _first_id(target, request)
        if id is not None:  # if it is None, the check `opening` reports that
            stream = target.read(by_header(target, id), len(expected))
            yield from differences(target, log, expected, stream.events, request=request, promised=promised)
    if target.options.publish:
        yield from _first_id_of_new_events(target, promised)


def _first_id_of_new_events(target: Target, promised: str) -> Iterator[Finding]:
    order = new_order()
    for filters in ((), (("orderId", order),)):
        request = target.stream(*filters)
        id = _first_id(target, request)
        if id is None:
            continue
        (new,) = publish(target, new_event(target, order))
        stream = target.session.read(target.finite(("lastEventId", id), *filters), has(new.id))
        if new.id not in {event.id for event in stream.events}:
            seen = f"after {excerpt(id)}, the event that was published afterwards does not arrive"
            yield Finding(promised, seen, request, (new.id, id))


def _first_id(target: Target, request: Request) -> str | None:
    stream = target.session.read(request, lambda reader: bool(reader.blocks))
    return stream.blocks[0].id if stream.blocks else None
