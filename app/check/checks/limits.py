"""A check of `limit`: which events come before the end, on streams of both kinds and on a page, and why the end comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from app.check.findings import Finding
from app.check.http.stream_blocks import OrderEvent
from app.check.request import Pairs, Request, excerpt
from app.check.target.differences import differences, fetch_page
from app.check.target.stored_log import StoredLog, as_values
from app.check.target.target import Target

_MOST: Final = 3  # events of a request with a limit
_START: Final = ("from", "earliest")


def limit(target: Target) -> Iterator[Finding]:
    """`limit` ends a stream, and a page, after exactly that many order events that match.

    This check reads with a limit: streams of both kinds, with a filter, too; a stream that begins with a gap, which does not count; and a
    page. It yields a finding for each that has other events than the first ones, or states another reason for its end.
    """
    log = target.log(least=2)
    first = log.events[: min(_MOST, len(log.events) - 1)]
    foreign = ("lastEventId", f"no-such-position-{target.token}")
    yield from _limited(target, log, target.finite(*_cut(foreign, first)), first)
    for filters, expected in (((), first), _of_last_type(log)):
        parameters = (*_cut(_START, expected), *filters)
        for request in (target.finite(*parameters), target.stream(*parameters)):
            yield from _limited(target, log, request, expected)
    request = target.page(*_cut(_START, first))
    page = [each.as_values() for each in fetch_page(target, log, request).events]
    yield from _compared(target, log, request, [as_values(each) for each in first], page)


def _cut(start: tuple[str, str], expected: Sequence[OrderEvent]) -> Pairs:
    return (start, ("limit", str(len(expected))))


def _of_last_type(log: StoredLog) -> tuple[Pairs, Sequence[OrderEvent]]:
    """Return a filter by the type of the newest event, and the first events that match, at least one."""
    type = log.events[-1].event
    matching = [event for event in log.events if event.event == type]
    return (("eventTypes", type),), matching[: min(_MOST, max(1, len(matching) - 1))]


def _limited(target: Target, log: StoredLog, request: Request, expected: Sequence[OrderEvent]) -> Iterator[Finding]:
    stream = target.session.read(request, lambda reader: len(reader.events) > len(expected))
    yield from _compared(target, log, request, expected, stream.events)
    if len(stream.events) == len(expected) and any(block.member("reason") != "limit" for block in stream.closings):
        promised = "A stream ends after them with `stream.closing` and the reason `limit`."
        yield Finding(promised, excerpt(stream.closings[-1].text), request)


def _compared(
    target: Target, log: StoredLog, request: Request, expected: Sequence[OrderEvent], came: Sequence[OrderEvent]
) -> Iterator[Finding]:
    if len(came) > len(expected):
        yield Finding(f"At most {len(expected)} order events.", f"{len(came)} order events came", request)
    else:
        promised = f"The first {len(expected)} order events that match."
        yield from differences(target, log, expected, came, request=request, promised=promised)
