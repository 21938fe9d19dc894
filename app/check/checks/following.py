"""Checks that every way of reading the event log (resuming a stream, page by page) returns the same events in the same order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from app.check.findings import Deleted, Finding
from app.check.http.event_stream import Stream
from app.check.http.stream_blocks import OrderEvent
from app.check.request import Request, excerpt
from app.check.target.differences import deleted, differences, fetch_page
from app.check.target.paging import PAGE_EVENTS, walk
from app.check.target.stored_log import StoredLog, as_values
from app.check.target.target import Target

RESUMES = 6  # half of them by the header, half by the parameter

_RESUMED = "After an id, exactly the events that follow it arrive: none is missing, repeated or out of order."


def resume(target: Target) -> Iterator[Finding]:
    """After any id, also that of a checkpoint, exactly the events that follow it arrive, byte for byte.

    This check resumes the stream after several event ids, and after ids of `stream.checkpoint` events; it yields a finding for
    each resumed stream whose events differ from the log.
    """
    log = target.log(least=2)
    places = _places(target, log)
    for turn, place in enumerate(places):
        after = log.events[place].id
        request = by_header(target, after) if turn % 2 else by_query(target, after)
        yield from _resumed(target, log, log.events[place + 1 :], request)
    checkpoints = [(log.start, log.events)]
    place = places[0]
    resumed = target.session.read(by_query(target, log.events[place].id), lambda reader: bool(reader.blocks))
    if resumed.blocks and resumed.blocks[0].event == "stream.checkpoint":
        checkpoints.append((resumed.blocks[0].id, log.events[place + 1 :]))
    for checkpoint, expected in checkpoints:
        if checkpoint is not None:  # if it is None, the check `opening` reports that
            yield from _resumed(target, log, expected, by_header(target, checkpoint))


def _places(target: Target, log: StoredLog) -> list[int]:
    """Return indexes of events to resume after: random ones, the last, and one whose id is the beginning of another's, if there is one."""
    chosen = target.random.sample(range(len(log.events)), k=min(RESUMES, len(log.events)))
    ids = sorted((event.id, place) for place, event in enumerate(log.events))
    begins = [place for (id, place), (next, _) in pairwise(ids) if next.startswith(id)]
    return list(dict.fromkeys([*chosen, *begins[:1], len(log.events) - 1]))


def by_query(target: Target, after: str, *, follow: bool = False) -> Request:
    """Return a request for a stream that is resumed by the parameter. `follow`: whether it stays open."""
    return (target.stream if follow else target.finite)(("lastEventId", after))


def by_header(target: Target, after: str, *, follow: bool = False) -> Request:
    """Return a request for a stream that is resumed by the header. `follow`: whether it stays open."""
    return (target.stream if follow else target.finite)(headers=(("Last-Event-ID", after),))


def _resumed(target: Target, log: StoredLog, expected: Sequence[OrderEvent], request: Request) -> Iterator[Finding]:
    stream = read_known(target, log, expected, request)
    yield from differences(target, log, expected, stream.events, request=request, promised=_RESUMED)
    yield from needless_gap(target, log, stream)


def needless_gap(target: Target, log: StoredLog, stream: Stream) -> Iterator[Finding]:
    """Yield a finding if a stream that was resumed after an id of the log begins with a gap although no event was deleted."""
    if begins_with_gap(stream) and not deleted(target, log):
        seen = excerpt(stream.blocks[0].text)
        yield Finding("A gap is only reported if events may be missing.", seen, stream.request)


def begins_with_gap(stream: Stream) -> bool:
    return any(block.event == "stream.gap" for block in stream.blocks[:1])


def is_expired(stream: Stream) -> bool:
    """Return whether a stream begins with a gap because the server has deleted events after its start."""
    return begins_with_gap(stream) and stream.blocks[0].member("reason") == "expired"


def read_known(target: Target, log: StoredLog, expected: Sequence[OrderEvent], request: Request) -> Stream:
    """Read a stream until all expected events can have arrived, and return what was read.

    `log`: the events that were read before. If the log was read to its end, one more event is read, because newer events may
    follow.
    `expected`: the events of the log that the stream must send.
    """
    return target.read(request, len(expected) + 1 if log.whole else len(expected))


def header_wins(target: Target) -> Iterator[Finding]:
    """`Last-Event-ID` wins over `lastEventId`, so an EventSource that reconnects goes on from its last event.

    This check sends one event id in the header and another in the query parameter; it yields a finding if the stream or a page continues
    after the id in the query parameter. Raises Deleted if the server has meanwhile deleted the events that would show the
    difference.
    """
    log = target.log(least=3)
    older, newer = log.events[0].id, log.events[-2].id
    both = target.finite(("lastEventId", older), headers=(("Last-Event-ID", newer),))
    begins = [target.read(request, 1) for request in (both, by_header(target, newer), by_query(target, older))]
    of_both, of_header, of_query = (_beginning(stream) for stream in begins)
    if of_header == of_query:
        raise Deleted("The server has deleted the events by which the two ids could be told apart.")
    if of_both == of_query:
        seen = f"the stream went on after {excerpt(older)}, the id in lastEventId"
        yield Finding("Last-Event-ID wins over lastEventId.", seen, both, (newer, older))
    page = _page_by_header(target, older, newer)
    came = [each.as_values() for each in fetch_page(target, log, page).events]
    expected = [as_values(event) for event in log.events[-1:]]
    yield from differences(target, log, expected, came, request=page, promised="Last-Event-ID wins on a page, too.")


def _page_by_header(target: Target, older: str, newer: str) -> Request:
    """Return a request for the event after `newer`, an id in the header, with another id in the parameter."""
    page = target.page(("lastEventId", older), ("limit", "1"))
    return replace(page, headers=(*page.headers, ("Last-Event-ID", newer)))


def _beginning(stream: Stream) -> tuple[str | None, ...]:
    return (*(block.id for block in stream.blocks[:1]), *(event.id for event in stream.events[:1]))


def paging(target: Target) -> Iterator[Finding]:
    """The pages, each asked for with the lastEventId of the one before, have the same events as the stream.

    This check reads the event log page by page; it yields a finding if the events differ from the events of the stream.
    """
    log = target.log()
    ids = log.ids
    size = max(1, min(PAGE_EVENTS, len(log.events) // 3))  # at least three pages, even of a short log
    events = walk(target, ("from", "earliest"), lambda event: event.id not in ids, size=size, most=len(log.events))
    request = target.page(("from", "earliest"), ("limit", str(size)))
    expected = [as_values(event) for event in log.events]
    arrived = [event.as_values() for event in events]
    promised = "The pages have the same events as the stream."
    yield from differences(target, log, expected, arrived, request=request, promised=promised)
