"""Checks of where a reader starts: at a time, at an id that is empty, and at the first of several places that it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from http import HTTPStatus
from typing import Final

from app.check.checks.following import read_known
from app.check.findings import Finding
from app.check.http.stream_blocks import Block, OrderEvent
from app.check.request import Pairs, Request, excerpt
from app.check.target.differences import differences, fetch_page
from app.check.target.stored_log import StoredLog, as_values
from app.check.target.stored_times import TimedEvent, distinct, timed_events
from app.check.target.target import Target

_PAST: Final = "1970-01-01T00:00:00Z"
_ABSENT: Final = "An id that is empty counts as absent, in the header and in the parameter."
_ORDER: Final = "An id goes before `since`, and `since` before `from`."


def empty_id(target: Target) -> Iterator[Finding]:
    """An id that is empty counts as absent, in the header and in the parameter.

    This check sends empty ids with another place to start; it yields a finding if they are refused, or if the stream or the page does
    not start at that place.
    """
    log = target.log(least=2)
    earliest, empty = ("from", "earliest"), ("lastEventId", "")
    header = (("Last-Event-ID", ""),)
    yield from _starts(target, log, target.finite(earliest, empty), log.events, _ABSENT)
    yield from _starts(target, log, target.finite(earliest, headers=header), log.events, _ABSENT)
    after = ("lastEventId", log.events[0].id)
    yield from _starts(target, log, target.finite(after, headers=header), log.events[1:], _ABSENT)
    yield from _page_starts(target, log, (earliest, empty), log.events, _ABSENT)
    begins = target.session.read(target.stream(headers=header), lambda reader: bool(reader.blocks))
    if begins.blocks and begins.blocks[0].event == "stream.gap":
        yield Finding(_ABSENT, excerpt(begins.blocks[0].text), begins.request)


def start_order(target: Target) -> Iterator[Finding]:
    """All places to start can be named together: an id goes before `since`, and `since` before `from`.

    This check names several in each request; it yields a finding for each stream and page that starts elsewhere.
    """
    log = target.log(least=2)
    place = target.random.randrange(len(log.events) - 1)
    past, earliest, latest = ("since", _PAST), ("from", "earliest"), ("from", "latest")
    after = ("lastEventId", log.events[place].id)
    expected = log.events[place + 1 :]
    for parameters in ((after, past, earliest), (after, latest)):
        yield from _starts(target, log, target.finite(*parameters), expected, _ORDER)
        yield from _page_starts(target, log, parameters, expected, _ORDER)
    yield from _starts(target, log, target.finite(past, latest), log.events, _ORDER)


def since(target: Target) -> Iterator[Finding]:
    """`since` starts with the first event that was stored at or after that time; a time in the future is the end of the log.

    This check reads streams and pages since several times; it yields a finding for each that has other events than those which, by the
    times on pages, were stored at or after it.
    """
    past = read_known(target, target.log(), target.log().events, target.finite(("since", _PAST)))
    yield from _past(past.blocks, past.request)
    yield from differences(
        target, target.log(), target.log().events, past.events, request=past.request, promised=_since(_PAST)
    )
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    future = target.session.read(target.finite(("since", tomorrow)), lambda reader: bool(reader.events))
    if future.events:
        yield Finding("A time in the future is the same as `from=latest`.", str(future.events[0].id), future.request)
    yield from _since_events(target, timed_events(target))


def _past(blocks: Sequence[Block], request: Request) -> Iterator[Finding]:
    for block in blocks[:1]:
        if block.event == "stream.gap" and (block.member("reason"), block.member("requested")) != ("expired", _PAST):
            promised = "A gap at a time has the reason `expired`, and names the time as it was sent."
            yield Finding(promised, excerpt(block.text), request)


def _since_events(target: Target, timed: Sequence[TimedEvent]) -> Iterator[Finding]:
    log = target.log()
    for turn, first in enumerate(distinct(timed)):
        expected = [each.event for each in timed if each.stored_at >= first.stored_at]
        elsewhere = first.stored_at.astimezone(timezone(timedelta(hours=-5))).isoformat()
        text = elsewhere if turn == 1 else first.text
        yield from _starts(target, log, target.finite(("since", text)), expected, _since(text))
        yield from _page_starts(target, log, (("since", text),), expected, _since(text))


def _since(text: str) -> str:
    return f"Exactly the events that were stored at or after {text}."


def _starts(
    target: Target, log: StoredLog, request: Request, expected: Sequence[OrderEvent], promised: str
) -> Iterator[Finding]:
    arrived = read_known(target, log, expected, request).events
    yield from differences(target, log, expected, arrived, request=request, promised=promised)


def _page_starts(
    target: Target, log: StoredLog, parameters: Pairs, expected: Sequence[OrderEvent], promised: str
) -> Iterator[Finding]:
    """Yield a finding if a page with these parameters does not begin with the expected events."""
    request = target.page(*parameters)
    if "since" in dict(parameters) and target.session.fetch(request).status == HTTPStatus.GONE:
        return  # events that were stored after that time have been deleted
    page = [each.as_values() for each in fetch_page(target, log, request).events]
    ids = [each.id for each in expected]
    begins = ids.index(page[0].id) if page and page[0].id in ids else 0  # events before it may have been deleted
    wanted = [as_values(each) for each in expected[: begins + max(1, len(page))]]
    yield from differences(target, log, wanted, page, request=request, promised=promised)
