"""What a subscription over any transport says about its events beside the data, and how it starts at a time. Each function checks one
promise.

Both are compared with pages, which say in which version an event is, and when it was stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.check.checks.subscriptions.comparing import compared, read_expected
from app.check.checks.subscriptions.subscription_bounds import STORED, read
from app.check.findings import Finding
from app.check.request import excerpt
from app.check.target.received_items import Transport
from app.check.target.stored_times import TimedEvent, distinct, instant, timed_events
from app.check.target.target import Target


def describes_events(target: Target, transport: Transport) -> Iterator[Finding]:
    """Yield a finding if an event has another `schemaVersion` or `storedAt` than on a page."""
    log = target.log()
    timed = timed_events(target, in_order=False)
    received = read_expected(target, transport, log, log.events, STORED)
    envelopes = received.envelopes
    for each in timed:
        seen = _differing(each, envelopes.get(each.event.id))
        if seen is not None:
            promised = "An event has the same `schemaVersion` and `storedAt` as on a page."
            yield Finding(promised, seen, received.exchange, (each.event.id,))


def _differing(event: TimedEvent, envelope: Mapping[str, Any] | None) -> str | None:
    if envelope is None:
        return None  # another check is about events that are missing
    version, stored_at = envelope.get("schemaVersion"), envelope.get("storedAt")
    if version != event.schema_version:
        return f"schemaVersion is {excerpt(version)}, and {excerpt(event.schema_version)} on a page"
    if instant(str(stored_at)) != event.stored_at:
        return f"storedAt is {excerpt(stored_at)}, and {excerpt(event.text)} on a page"
    return None


def starts_since(target: Target, transport: Transport) -> Iterator[Finding]:
    """Yield a finding if a subscription does not start with the first event that was stored at or after its `since`."""
    log = target.log()
    timed = timed_events(target)
    for first in distinct(timed):
        expected = [each.event for each in timed if each.stored_at >= first.stored_at]
        received = read_expected(target, transport, log, expected, {"since": first.text, "follow": False})
        promised = f"Exactly the events that were stored at or after {first.text}."
        yield from compared(target, transport, log, expected, received, promised=promised)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    future = read(target, transport, {"since": tomorrow, "follow": False}, lambda each: bool(each.events))
    if future.events:
        seen = f"{excerpt(future.events[0].id)} came"
        yield Finding("A time in the future is the same as `from: latest`.", seen, future.exchange)
