"""Check an open event stream: events that arrive on the stream must be in the event log as well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.check.findings import Finding, NotSeen
from app.check.http.event_stream import Stream
from app.check.target.differences import differences
from app.check.target.paging import PAGE_EVENTS, walk
from app.check.target.probe_events import new_event, publish
from app.check.target.stored_log import StoredLog, as_values
from app.check.target.target import Target

LIVE_EVENTS: Final = 3  # enough to see an order
LONGEST_OBSERVATION_SECONDS: Final = 5.0


def live(target: Target) -> Iterator[Finding]:
    """The events that arrive on an open stream have the same ids and the same order in the log.

    This check waits for new events on a stream, then reads the log page by page; it yields a finding if the events differ. Raises
    NotSeen if no event arrives.
    """
    stream = _observe(target)
    if not stream.events:
        raise NotSeen("Nothing was published while the stream was open.")
    start = stream.blocks[0].id
    if start is None:
        raise NotSeen("The stream began without an id (see opening) from which to read the log.")
    last = stream.events[-1].id
    stored = walk(
        target, ("lastEventId", start), lambda each: each.id == last, size=PAGE_EVENTS, most=len(stream.events)
    )
    arrived = [as_values(event) for event in stream.events]
    on_pages = [event.as_values() for event in stored]
    log = StoredLog(stream, stream.events, whole=False)
    promised = "Every reader sees the same events in the same order: here on a stream, then on pages."
    yield from differences(target, log, arrived, on_pages, request=stream.request, promised=promised)


def _observe(target: Target) -> Stream:
    seconds = min(target.heartbeat_seconds, LONGEST_OBSERVATION_SECONDS)
    with target.session.following(target.stream()) as following:
        following.until(lambda reader: bool(reader.blocks), target.options.timeout_seconds)
        if target.options.publish:
            publish(target, *(new_event(target) for _ in range(LIVE_EVENTS)))
            seconds = target.options.timeout_seconds
        following.until(lambda reader: len(reader.events) >= LIVE_EVENTS, seconds)
        return following.stream()
