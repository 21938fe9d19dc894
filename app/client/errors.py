"""What can go wrong between a client and a server.

OrdersError
RequestRefused      the server refuses the request, and would again
EventsRefused     it names the events that it does not accept, and why
Unavailable         no useful answer came for as long as the caller was willing to wait
UnexpectedAnswer    who answers is not a server of this contract
EventsLost          events are missing from a stream, and it says so
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .events import Gap
from .problem import Problem

_TOLD_VIOLATIONS: Final = 3


class OrdersError(Exception):
    """The base of all errors of this client; its text is a full sentence."""


class RequestRefused(OrdersError):
    """The server refuses the request; `problem` says why."""

    def __init__(self, problem: Problem, *details: str) -> None:
        super().__init__(" ".join([str(problem), *details]))
        self.problem = problem

    @property
    def status(self) -> int:
        """The status code of the answer."""
        return self.problem.status


@dataclass(frozen=True, slots=True)
class Violation:
    """Why one event is not accepted: its index among those published together, where in it (a JSON pointer), and what is wrong."""

    index: int
    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer} {self.message}".strip()


class EventsRefused(RequestRefused):
    """Some events are not accepted, so none of those published together is stored; `violations` says which and why."""

    def __init__(self, problem: Problem, violations: Sequence[Violation]) -> None:
        told = [f"Event {each.index}: {each}." for each in violations[:_TOLD_VIOLATIONS]]
        super().__init__(problem, *told, *(["..."] if len(violations) > _TOLD_VIOLATIONS else []))
        self.violations = tuple(violations)


class Unavailable(OrdersError):
    """The server could not be reached, or could not do its work, for as long as the caller was willing to wait."""


class UnexpectedAnswer(OrdersError):
    """The answer is not one of this contract, so something else answers at this address."""


class EventsLost(OrdersError):
    """Events between what was asked for and what follows are lost, as `gap` says.

    The stream's `last_event_id` still stands before the gap, so whoever resumes from it is told again. Iterating over the same
    stream again accepts the loss and goes on behind it.
    """

    def __init__(self, gap: Gap) -> None:
        super().__init__(str(gap))
        self.gap = gap
