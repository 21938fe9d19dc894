"""What the server of a rehearsal saw of a consumer: its requests, what was delivered on each, and what it reported."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import chain
from typing import Any, Final

from app.rehearse.scenario import Answer

_SHOWN_CHARACTERS: Final = 200  # of a malformed report
_LOOK_SECONDS: Final = 0.2
_MOST_REQUESTS: Final = 200  # in one scenario: a consumer that never waits would go on for ever
_MOST_LEFT: Final = 10  # streams that the consumer itself has ended


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


@dataclass(slots=True, eq=False)
class Asked:
    """A request for events, and what became of it. Times are in seconds, of a monotonic clock.

    `may_come_with`: the ids with which the consumer may come; None if it may come with any. `newest`: the last id that was delivered
    before. `place`: of the answer in the scenario. `retry_ms`: the reconnection time that is in force. `overlapped`: whether another stream
    stayed open. `unfinished`: an event of which a part was written. `has_limit`: whether the consumer asked for so many events only;
    `limited`: whether it ended with them.
    """

    at: float
    last_event_id: str | None
    answer: Answer
    place: int
    may_come_with: frozenset[str | None] | None
    newest: str | None
    retry_ms: int
    form: Form
    delivered: list[Delivered] = field(default_factory=list)
    ended_at: float | None = None
    ended_by_server: bool = False
    overlapped: bool = False
    unfinished: Delivered | None = None
    has_limit: bool = False
    limited: bool = False

    @property
    def gap_sent(self) -> bool:
        """Whether it told of a gap. The consumer may then load the state anew, and begin anew at once without an id."""
        return any(each.event_type == "stream.gap" for each in self.delivered)


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


class Seen:
    """Everything that was seen in one scenario, until `freeze` is called."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.beside: list[ReadBeside] = []
        self.reported: list[Reported] = []
        self.malformed_report: str | None = None
        self.other_transport = ""  # over which the consumer has tried to come, if there is one
        self.phase = Phase.STARTING
        self.exit_code: int | None = None
        self._is_frozen = False
        self._changed = asyncio.Event()

    def enter(self, phase: Phase) -> None:
        if not self._is_frozen:
            self.phase = phase
            self._changed.set()

    def freeze(self, exit_code: int | None) -> None:
        """Take note of nothing any more: the scenario is over, and the consumer is about to be ended unless it has an exit code."""
        self.exit_code = exit_code
        self._is_frozen = True

    def read_beside(self, last_event_id: str | None, delivered: Sequence[Delivered]) -> None:
        """Take note of a read that is no part of the scenario."""
        if not self._is_frozen:
            self.beside.append(ReadBeside(time.monotonic(), last_event_id, delivered))
            self._changed.set()

    def take_reports(self, text: str) -> None:
        """Record the reports of a consumer: a JSON object, or several in lines."""
        if self._is_frozen:
            return
        try:
            for line in filter(None, map(str.strip, text.splitlines())):
                self.reported.append(_read_report(json.loads(line)))
        except (ValueError, TypeError):
            self.malformed_report = text[:_SHOWN_CHARACTERS]
        self._changed.set()

    @property
    def is_endless(self) -> bool:
        """Whether so many requests came that more would show nothing new."""
        left = sum(each.ended_at is not None and not each.ended_by_server for each in self.asked)
        vain = sum(not each.delivered for each in self.beside)
        return sum(not each.limited for each in self.asked) + vain >= _MOST_REQUESTS or left >= _MOST_LEFT

    def delivered(self) -> Iterator[Delivered]:
        """Yield what was delivered in the course of the scenario, in order, with repetitions."""
        for asked in self.asked:
            yield from asked.delivered

    def events(self) -> list[Delivered]:
        """Return the delivered events without control events, each once, in the order in which they were stored."""
        beside = (each for read in self.beside for each in read.delivered)
        found = {each.id: each for each in chain(self.delivered(), beside) if not _is_control(each)}
        return sorted(found.values(), key=lambda each: each.number)

    def events_to_apply(self) -> list[Delivered]:
        """Return the events that the consumer must have applied: those that the contract knows."""
        return [each for each in self.events() if each.known]

    def gaps(self) -> list[Delivered]:
        return [each for each in self.delivered() if each.event_type == "stream.gap"]

    def is_all_reported(self) -> bool:
        """Return whether every event and every gap was reported."""
        applied = {each.id for each in self.reported}
        told = sum(each.gap is not None for each in self.reported)
        return told >= len(self.gaps()) and all(each.id in applied for each in self.events_to_apply())

    async def all_reported(self, seconds: float) -> None:
        """Return when everything was reported, or the time is up."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self.is_all_reported():
            await self.change(left)

    async def change(self, seconds: float = _LOOK_SECONDS) -> None:
        """Return when something new was seen, or the time is up, or a moment later: there may be several that wait."""
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), min(seconds, _LOOK_SECONDS))
        except TimeoutError:
            return


def _is_control(delivered: Delivered) -> bool:
    return delivered.event_type.startswith("stream.")


def _read_report(value: Any) -> Reported:
    """Read one report. Raises TypeError if it is none."""
    match value:
        case {"gap": str(gap)}:
            return Reported(time.monotonic(), value.get("id"), gap)
        case {"id": str(id)}:
            return Reported(time.monotonic(), id, None, value.get("data"))
    raise TypeError("A report has an id, or a gap.")
