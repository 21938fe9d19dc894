"""The start of a reader: find the offset in the log at which the reader starts, and the gap to report if events are missing
there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from app.events.filter import Filter
from app.events.log.event_log import EventLog
from app.events.position import Gap, GapReason

_UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Since:
    """A time from which to read: in microseconds since 1970-01-01 UTC, and as the text that the client sent."""

    stored_at_us: int
    text: str


@dataclass(frozen=True, slots=True)
class StartRequest:
    """The place in the log where a reader asks to start: after an event id, at a time (`since`), or at the oldest or newest
    event (`origin`).

    `last_event_id` has priority over `since`, and `since` over `origin`.
    """

    last_event_id: str | None = None
    since: Since | None = None
    origin: Literal["latest", "earliest"] = "latest"


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a reader in the log.

    `after`: the offset after which to read. `gap`: the loss of events to report first; None if no event is missing. `resumes`:
    True if the reader asked for an event id or a time. If events after the start are deleted before the reader has read them,
    this is then reported as a loss. `generation`: that of the log in which `after` is an offset, see `EventLog`.
    """

    after: int
    gap: Gap | None = None
    resumes: bool = True
    generation: int = 0


class NotAnInstant(Exception):
    """Raised when a well-formed time is not in the calendar, such as second 60 or year 0. The message continues a sentence about it."""

    def __init__(self) -> None:
        super().__init__("is not an instant of the calendar")


def read_start(last_event_id: str | None, since: str | None, origin: Literal["latest", "earliest"]) -> StartRequest:
    """Return the request for a start that a client makes with its parameters; None stands for a parameter that it did not send.

    `since`: a date and time of RFC 3339 with its offset. Raises NotAnInstant.
    """
    return StartRequest(last_event_id, None if since is None else Since(read_instant(since), since), origin)


def read_instant(text: str) -> int:
    """Return a date and time of RFC 3339 with its offset, in microseconds since 1970-01-01 UTC. Raises NotAnInstant."""
    try:
        since_epoch = datetime.fromisoformat(text) - _UNIX_EPOCH
    except (ValueError, OverflowError):
        raise NotAnInstant from None
    return since_epoch // timedelta(microseconds=1)


async def locate_start(log: EventLog, request: StartRequest, filter: Filter, *, is_finite: bool = False) -> Start:
    """Return the start of a reader: the offset after which to read, and the gap to report if events are missing there.

    `filter`: the filter of the reader, which says what kind of ids the reader has. `is_finite`: whether the reader reads up to the
    newest event now and does not wait, so that every event that any server has acknowledged must be in the log first. Raises
    StoreUnavailable if the store cannot look up a time, or cannot find out which events were acknowledged.
    """
    if is_finite:
        await log.sync()
    if request.last_event_id is not None:
        return await _after_id(log, request.last_event_id, filter)
    if request.since is not None:
        return await _since(log, request.since, filter)
    after = log.head if request.origin == "latest" else log.floor.offset
    return Start(after, resumes=False, generation=log.generation)


async def _after_id(log: EventLog, last_event_id: str, filter: Filter) -> Start:
    position = log.ids.position(last_event_id, filter)
    if log.epochs.lost(position, log.head) is not None:
        # Another server may have sent the id, of an event or an epoch that has not arrived here.
        await log.sync()
        position = log.ids.position(last_event_id, filter)
    lost = log.epochs.lost(position, log.head)
    if lost is not None or position is None:
        return _earliest(log, lost or "foreign", last_event_id, filter)
    if position.offset < log.floor.offset:
        return _earliest(log, "expired", last_event_id, filter)
    return Start(position.offset, generation=log.generation)


async def _since(log: EventLog, since: Since, filter: Filter) -> Start:
    if since.stored_at_us <= log.floor.stored_at_us and log.floor.stored_at_us > 0:
        return _earliest(log, "expired", since.text, filter)
    generation = log.generation
    return Start(await log.offset_before(since.stored_at_us), generation=generation)


def _earliest(log: EventLog, reason: GapReason, requested: str, filter: Filter) -> Start:
    gap = Gap(reason, requested, log.id_of_place(log.floor.offset, filter))
    return Start(log.floor.offset, gap, generation=log.generation)
