"""The errors of this client.

OrdersError
  RequestRefused      the server refused the request, and would refuse it again
    EventsRefused     the server did not accept some events, and reported them with the reasons
  Unavailable         the server could not be reached, or could not do its work, until the time limit of the caller
  UnexpectedAnswer    the response does not follow the contract of Orders Events
  EventsLost          events are missing from a stream
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .events import Gap

_SHOWN_VIOLATIONS: Final = 3
_SHOWN_CHARACTERS: Final = 2000  # of an error message from a server; those of Orders Events are shorter


class OrdersError(Exception):
    """The base class of all errors of this client. The message of each error is a full sentence."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error that the server reported in a response, usually as a problem document (RFC 9457).

    `type`: a URI that identifies the type of the problem, for programs to compare; `about:blank` if the response is not a problem
        document.
    `title`: the type of the problem in words.
    `status`: the HTTP status code of the response.
    `detail`: what is wrong in this case, in words.
    `members`: all members of the problem document; empty if the response is not a problem document.
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
    """Raised when the server refuses a request, and would refuse the same request again. `problem`: the error that it reported."""

    def __init__(self, problem: Problem, *details: str) -> None:
        super().__init__(" ".join([str(problem), *details]))
        self.problem = problem

    @property
    def status(self) -> int:
        """The HTTP status code of the response."""
        return self.problem.status


@dataclass(frozen=True, slots=True)
class Violation:
    """A reason why the server does not accept an event.

    `index`: the index of the event in the published list; the first event has index 0.
    `pointer`: the part of the event that is wrong, as a JSON pointer (RFC 6901).
    `message`: what is wrong with this part.
    """

    index: int
    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer} {self.message}".strip()


class EventsRefused(RequestRefused):
    """Raised when the server does not accept some of the events in a request. No event of the request is stored.

    `violations`: the refused events, each by its index, with the reasons. The message of the exception has the first three.
    """

    def __init__(self, problem: Problem, violations: Sequence[Violation]) -> None:
        shown = [f"Event {each.index}: {each}." for each in violations[:_SHOWN_VIOLATIONS]]
        super().__init__(problem, *shown, *(["..."] if len(violations) > _SHOWN_VIOLATIONS else []))
        self.violations = tuple(violations)


class Unavailable(OrdersError):
    """Raised when all attempts failed for `retry_max_seconds`: no connection to the server, or the server could not do its work."""


class UnexpectedAnswer(OrdersError):
    """Raised when a response does not follow the contract. Probably the URL is not that of an Orders Events server."""


class EventsLost(OrdersError):
    """Raised when events are missing from a stream. `gap`: the reason, and the position after which the stream can go on.

    The stream's `last_event_id` stays before the gap: a program that resumes there in a new stream gets the same error. To accept the
    loss, iterate over the same stream again: it goes on after the gap.
    """

    def __init__(self, gap: Gap) -> None:
        super().__init__(str(gap))
        self.gap = gap
