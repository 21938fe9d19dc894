"""Where a reader starts: the place that it requested becomes an offset in the log, and a gap to report if events are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.events.log.event_log import EventLog
from app.events.position import Gap, GapReason, parse_position


@dataclass(frozen=True, slots=True)
class Since:
    """A time to start from: in microseconds since the Unix epoch, and as the client wrote it."""

    stored_at_us: int
    text: str


@dataclass(frozen=True, slots=True)
class StartRequest:
    """The place from which a reader wants to read. An id has priority over `since`, and `since` over `origin`."""

    last_event_id: str | None = None
    since: Since | None = None
    origin: Literal["latest", "earliest"] = "latest"


@dataclass(frozen=True, slots=True)
class Start:
    """The offset after which to read, and the gap to report first, if continuity was lost.

    `resumes` is True if the reader gave an id or a time: then an event that was deleted after that place is a loss to report.
    """

    after: int
    gap: Gap | None = None
    resumes: bool = True


async def locate_start(log: EventLog, request: StartRequest) -> Start:
    """Find the offset to start from. Raises StoreUnavailable if the store cannot look up a time."""
    if request.last_event_id is not None:
        return _after_id(log, request.last_event_id)
    if request.since is not None:
        return await _since(log, request.since)
    return Start(log.head if request.origin == "latest" else log.floor.offset, resumes=False)


def _after_id(log: EventLog, last_event_id: str) -> Start:
    position = parse_position(last_event_id)
    lost = log.epochs.lost(position, log.head)
    if lost is not None or position is None:
        return _earliest(log, lost or "foreign", last_event_id)
    if position.offset < log.floor.offset:
        return _earliest(log, "expired", last_event_id)
    return Start(position.offset)


async def _since(log: EventLog, since: Since) -> Start:
    if since.stored_at_us <= log.floor.stored_at_us and log.floor.stored_at_us > 0:
        return _earliest(log, "expired", since.text)
    return Start(await log.offset_before(since.stored_at_us))


def _earliest(log: EventLog, reason: GapReason, requested: str) -> Start:
    return Start(log.floor.offset, Gap(reason, requested, log.position(log.floor.offset)))
