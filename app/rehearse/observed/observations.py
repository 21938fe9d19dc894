"""What the server of a rehearsal observes of a consumer, as values: its requests, what was delivered on each, and what it reported."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from app.rehearse.scenario import Answer


class Form(Enum):
    """What a consumer asks for."""

    FOLLOWED = auto()  # a stream that goes on
    STORED = auto()  # a stream of what is stored
    PAGE = auto()  # a page of what is stored


class Phase(Enum):
    """What a scenario is waiting for."""

    STARTING = auto()  # the first request for the stream
    PLAYING = auto()  # an answer is being written
    RETURNING = auto()  # the next request
    HOLDING = auto()  # everything was sent: reports, or a second connection
    STOPPED = auto()  # a request that must not come


@dataclass(frozen=True, slots=True)
class Delivered:
    """An event that was written whole. `known`: whether the contract has its type and version, so that it must be applied.

    `number`: its place in the order in which events were stored; 0 for a control event.
    """

    id: str
    event_type: str
    data: str
    known: bool
    number: int = 0

    @property
    def is_control(self) -> bool:
        return self.event_type.startswith("stream.")


@dataclass(slots=True, eq=False)
class Asked:
    """A request for events, and what became of it. Times are in seconds, of a monotonic clock.

    `may_come_with`: the ids with which the consumer may come; None if it may come with any. `newest`: the last id that was delivered
    before. `place`: of the answer in the scenario. `retry_ms`: the reconnection time that is in force. `plays`: how often the answer was
    played until now. `unfinished`: an event of which a part was written. `has_limit`: whether the consumer asked for so many events only;
    `limited`: whether it ended with them. `beside_from`, `beside_until`: the time in which an earlier stream was still open; None if
    there was none, or if it still is. `is_of_page`: whether a web page asked. `explains`: whether a page asks only why the request before
    was refused: an `EventSource` does not say, so a page must ask once more with fetch, and may do so at once.
    """

    at: float
    last_event_id: str | None
    answer: Answer
    place: int
    may_come_with: frozenset[str | None] | None
    newest: str | None
    retry_ms: int
    form: Form
    plays: int = 1
    delivered: list[Delivered] = field(default_factory=list)
    ended_at: float | None = None
    ended_by_server: bool = False
    unfinished: Delivered | None = None
    has_limit: bool = False
    limited: bool = False
    beside_from: float | None = None
    beside_until: float | None = None
    is_of_page: bool = False
    explains: bool = False

    @property
    def gap_sent(self) -> bool:
        """Whether it told of a gap. The consumer may then load the state anew, and begin anew at once without an id."""
        return any(each.event_type == "stream.gap" for each in self.delivered)

    @property
    def is_beside(self) -> bool:
        """Whether an earlier stream is still open."""
        return self.beside_from is not None and self.beside_until is None

    def beside_seconds(self, now: float) -> float:
        """Return for how long an earlier stream was open as well, until now."""
        if self.beside_from is None:
            return 0.0
        return (now if self.beside_until is None else self.beside_until) - self.beside_from


@dataclass(frozen=True, slots=True)
class ReadBeside:
    """A read of what is stored, by a consumer that also follows a stream, or that has everything of the scenario already."""

    at: float
    last_event_id: str | None
    delivered: Sequence[Delivered]


@dataclass(frozen=True, slots=True)
class Reported:
    """What a consumer reported: an event that it has applied, or a gap. `data` is None if it was left out."""

    at: float
    id: str | None
    gap: str | None
    data: Any = None


def read_report(value: Any) -> Reported:
    """Read one report that has just come. Raises TypeError if it is none."""
    match value:
        case {"gap": str(gap)}:
            return Reported(time.monotonic(), value.get("id"), gap)
        case {"id": str(id)}:
            return Reported(time.monotonic(), id, None, value.get("data"))
    raise TypeError("A report has an id, or a gap.")
