"""What happens in one scenario of a rehearsal, as values: the answers to the requests for the stream, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

from app.events.event import Event
from app.rehearse.rehearsed_events import RehearsedEvents

EventMaker: TypeAlias = Callable[[RehearsedEvents], Sequence[Event]]


class Ending(Enum):
    """How the server ends a stream."""

    HOLD = auto()  # not at all: heartbeats follow, until the scenario is over
    CUT = auto()  # the connection is closed between two events, without the end of the body
    CUT_IN_EVENT = auto()  # in the middle of the data of one more event
    CUT_IN_CHARACTER = auto()  # after the first byte of a character that has three
    CUT_IN_LINE_END = auto()  # between the CR and the LF that end one more event
    RESET = auto()  # TCP RST
    SILENCE = auto()  # nothing is sent any more, and the connection stays open
    CLOSING = auto()  # `stream.closing`, and the end of the body


class Writing(Enum):
    """How the bytes of a stream are written."""

    PLAIN = auto()
    BYTE_BY_BYTE = auto()
    CRLF = auto()  # lines end with CR LF, which come apart
    BYTE_ORDER_MARK = auto()  # U+FEFF comes first
    UNESCAPED = auto()  # characters beyond ASCII as UTF-8, each in two pieces
    COMMENTED = auto()  # comments and unknown fields between the lines
    LONG_IDS = auto()  # ids of 64 characters


def examples(count: int) -> EventMaker:
    """Return a function that takes the next valid examples of the contract."""
    return lambda events: events.take(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """An answer that is an event stream.

    `events`: makes the events that are stored when the client asks. `waits_seconds`: for how long the server waits for reports of them
    before it ends the stream. `sent_again`: how many events before its position the client is
    sent once more. `restarts`: whether the server was restarted before, so that new ids have another epoch. `gap`: why the client's
    position is lost; the log was replaced before. `reason`: that of `stream.closing`. `is_refused`: whether the stream consists of
    its end alone.
    """

    events: EventMaker = field(default=examples(3))
    end: Ending = Ending.HOLD
    reason: str = ""
    writing: Writing = Writing.PLAIN
    sent_again: int = 0
    restarts: bool = False
    gap: str = ""
    waits_seconds: float = 0.0
    is_refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is no event stream, given for a time after the first request that gets it.

    `seconds`: for how long; the next request after it gets the next answer, if at least `least_requests` were refused. `most_requests`:
    how many further requests in this time are few enough. None: one for each retry time. `retry_after`: the header, in seconds.
    """

    status: int
    seconds: float
    least_requests: int = 1
    most_requests: int | None = None
    retry_after: int | None = None
    media_type: str = "application/problem+json"
    body: bytes = b""


Answer: TypeAlias = Stream | Refusal


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario: its name, what a consumer has to do in it, as a sentence, and the answers in order.

    After the last answer the scenario is over as soon as enough was seen. `stops`: whether the consumer must not come back after the last
    answer. `slow_seconds`: how much longer a consumer may take, because there is much to apply. `may_stop`: whether it may also end.
    `told_at_once`: whether what it applies must be reported while a stream is open.
    """

    name: str
    promise: str
    answers: tuple[Answer, ...]
    stops: bool = False
    may_stop: bool = False
    told_at_once: bool = False
    slow_seconds: float = 0.0
