"""Checks of where streams start that stay open, as those of an `EventSource` do: where streams start that end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.check.findings import Finding
from app.check.http.event_stream import Stream, has
from app.check.request import Request
from app.check.target.differences import differences, fetch_page
from app.check.target.probe_events import new_event, publish
from app.check.target.target import SETTLE_SECONDS, Target

_PAST: Final = ("since", "1970-01-01T00:00:00Z")
_EARLIEST: Final = ("from", "earliest")
_LATEST: Final = ("from", "latest")


def start_open(target: Target) -> Iterator[Finding]:
    """A stream that stays open starts where one that ends does: after an id, at a time, and at the first of several places.

    This check names one place and several, as the header and as parameters; it yields a finding for each stream that starts elsewhere.
    """
    log = target.log(least=3)
    place = target.random.randrange(len(log.events) - 1)
    after = ("lastEventId", log.events[place].id)
    header = ("Last-Event-ID", log.events[-2].id)
    starts = (
        (target.stream(_PAST), log.events),
        (target.stream(_PAST, _LATEST), log.events),
        (target.stream(after, _PAST, _EARLIEST), log.events[place + 1 :]),
        (target.stream(("lastEventId", log.events[0].id), headers=(header,)), log.events[-1:]),
    )
    for request, expected in starts:
        came = read_open(target, request, len(expected)).events
        promised = "An id goes before `since`, and `since` before `from`, on streams that stay open, too."
        yield from differences(target, log, expected, came, request=request, promised=promised)


def read_open(target: Target, request: Request, most: int) -> Stream:
    """Read a stream that stays open until it has `most` order events, or until the time for a request is over."""
    with target.session.following(request) as following:
        following.until(
            lambda reader: bool(reader.blocks) and len(reader.events) >= most, target.options.timeout_seconds
        )
        return following.stream()


def from_latest(target: Target) -> Iterator[Finding]:
    """A reader that names no place to start, or `from=latest`, is sent new events only.

    This check opens such streams, and asks for such a page; with `--publish`, it publishes events meanwhile. It yields a finding for each
    that has an event of the log.
    """
    log = target.log()
    promised = "Only events arrive that are stored after the request."
    for parameters in ((), (_LATEST,)):
        stream = _followed(target, target.stream(*parameters))
        old = tuple(event.id for event in stream.events if event.id in log.ids)
        if old:
            yield Finding(promised, f"{len(old)} events arrived that were stored before", stream.request, old[:1])
    request = target.page(_LATEST)
    page = [event.id for event in fetch_page(target, log, request).events if event.id in log.ids]
    if page:
        yield Finding(promised, f"{len(page)} events are on the page that were stored before", request, (page[0],))


def _followed(target: Target, request: Request) -> Stream:
    """Read a stream that stays open until an event has arrived that is published meanwhile, if that is permitted, or for a moment."""
    with target.session.following(request) as following:
        following.until(lambda reader: bool(reader.blocks), target.options.timeout_seconds)
        if target.options.publish:
            *_, new = publish(target, new_event(target), new_event(target))
            following.until(has(new.id), target.options.timeout_seconds)
        else:
            following.until(lambda reader: bool(reader.events), SETTLE_SECONDS)
        return following.stream()
