"""The errors of this client.

OrdersError
  RequestRefused      the server refuses the request, and would refuse it again
    EventsRefused     the server names the events that it does not accept, and why
  Unavailable         no useful answer came for as long as the caller was willing to wait
  UnexpectedAnswer    the answer is not from a server of this contract
  EventsLost          events are missing from a stream
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .events import Gap

_SHOWN_VIOLATIONS: Final = 3
_SHOWN_CHARACTERS: Final = 2000  # of the text of a problem; the texts of this contract are shorter


class OrdersError(Exception):
    """The base class of all errors of this client. The text of each is a full sentence."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that reports an error: the problem document of RFC 9457, if the answer is one.

    `type`: the kind of problem, for programs to compare; `about:blank` if the answer is not a problem document.
    `title`, `detail`: the kind and this case in words.
    `status`: the status code of the answer.
    `members`: the whole document; empty if the answer is not one.
    """

    type: str
    title: str
    status: int
    detail: str
    members: Mapping[str, Any]

    def __str__(self) -> str:
        return " ".join([self.detail, *self._refused_parameters()])[:_SHOWN_CHARACTERS]

    def _refused_parameters(self) -> Iterator[str]:
        errors = self.members.get("errors")
        for error in errors if isinstance(errors, list) else []:
            match error:
                case {"name": str(name), "message": str(message)}:
                    yield f"{name} {message}."


class RequestRefused(OrdersError):
    """Raised when the server refuses a request and would refuse it again. `problem` is its answer."""

    def __init__(self, problem: Problem, *details: str) -> None:
        super().__init__(" ".join([str(problem), *details]))
        self.problem = problem

    @property
    def status(self) -> int:
        """The status code of the answer."""
        return self.problem.status


@dataclass(frozen=True, slots=True)
class Violation:
    """Why the server does not accept an event.

    `index`: the place of the event in the list that was published, from 0.
    `pointer`: the part of the event that is wrong, as a JSON pointer (RFC 6901).
    `message`: what is wrong with it.
    """

    index: int
    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer} {self.message}".strip()


class EventsRefused(RequestRefused):
    """Raised when the server does not accept some events. None of the events published with them is stored.

    `violations` names each event that is refused, and the reason. The text of the error shows the first three.
    """

    def __init__(self, problem: Problem, violations: Sequence[Violation]) -> None:
        shown = [f"Event {each.index}: {each}." for each in violations[:_SHOWN_VIOLATIONS]]
        super().__init__(problem, *shown, *(["..."] if len(violations) > _SHOWN_VIOLATIONS else []))
        self.violations = tuple(violations)


class Unavailable(OrdersError):
    """Raised when no useful answer came for `retry_max_seconds`: there was no connection, or the server could not do its work."""


class UnexpectedAnswer(OrdersError):
    """Raised when an answer does not follow the contract, so that something else than Orders Events must be at this address."""


class EventsLost(OrdersError):
    """Raised when events are missing from a stream. `gap` says between which positions.

    `last_event_id` of the stream is still before the gap, so a program that starts again there gets the same error. Iterating over
    the same stream again accepts the loss and goes on after the gap.
    """

    def __init__(self, gap: Gap) -> None:
        super().__init__(str(gap))
        self.gap = gap
