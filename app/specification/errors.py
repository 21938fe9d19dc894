"""The errors that need no server; each message is a full sentence that a client may read.

OrdersEventsError
├── Refusal                   the request fails, and would fail again if it were repeated
│   ├── MalformedJson         a text is not strict JSON
│   ├── UnknownEventType      no contract has this event type and version
│   └── ContractViolation     events break their contract; carries every violation
└── StartupError              the process must not start
    └── InvalidContract       the OpenAPI document or an event contract is wrong

`app/events/errors.py` adds the errors of the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class OrdersEventsError(Exception):
    """Raised when an operation of the product fails; the base of all its errors."""

    @property
    def detail(self) -> str:
        """The message: one sentence that says what is wrong and names the value."""
        return str(self)


class Refusal(OrdersEventsError):
    """Raised when a request fails that would fail again if it were repeated."""


class MalformedJson(Refusal):
    """Raised when a text is not strict JSON; the message has the position and the reason, but does not repeat the text."""


class UnknownEventType(Refusal):
    """Raised when there is no contract for an event type or version; the message names it."""


@dataclass(frozen=True, slots=True)
class EventViolation:
    """One violation of a contract by one event of a request.

    `index`: the position of the event in the request, from 0. `pointer`: a JSON pointer (RFC 6901) into that event.
    `message`: what is required there, in at most 200 characters.
    """

    index: int
    pointer: str
    message: str


class ContractViolation(Refusal):
    """Raised when events of a request violate their contracts; the whole request is refused.

    `violations`: the first violations of each bad event. `total`: the number of all violations, listed or not.
    """

    def __init__(self, violations: Sequence[EventViolation], total: int) -> None:
        events = len({violation.index for violation in violations})
        subject = "1 event breaks its contract" if events == 1 else f"{events} events break their contract"
        super().__init__(f"{subject}; nothing was stored.")
        self.violations = tuple(violations)
        self.total = total


class StartupError(OrdersEventsError):
    """Raised when the server must not start; the message is the one line that is printed."""


class InvalidContract(StartupError):
    """Raised when the OpenAPI document or an event contract is wrong."""
