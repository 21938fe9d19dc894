"""The errors of the specification and their common base class; each message is a full sentence that a client may read.

OrdersEventsError
├── Refusal                   the request fails, and would fail again if it were repeated
│   ├── MalformedJson         a text is not strict JSON
│   ├── TooManyValues         a request has more values than the contract allows
│   ├── UnknownEventType      no contract has this event type and version
│   └── ContractViolation     events violate their contract; contains the first violations
└── StartupError              the process must not start
    └── InvalidContract       the OpenAPI document or an event contract is wrong

`app/events/errors.py` adds the errors of the event log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class OrdersEventsError(Exception):
    """Raised when an operation of Orders Events fails; the base class of all its errors."""

    @property
    def detail(self) -> str:
        """The error message: one sentence that describes the fault and contains the faulty value."""
        return str(self)


class Refusal(OrdersEventsError):
    """Raised when a request fails and would fail again if the client repeated it."""


class MalformedJson(Refusal):
    """Raised when a text is not strict JSON; the message has the position and the reason, but does not repeat the text."""


class TooManyValues(Refusal):
    """Raised when a request has more than `maximum` values; it is not parsed then."""

    def __init__(self, maximum: int) -> None:
        super().__init__(f"The request has more than {maximum} values; send the events in more requests.")


class UnknownEventType(Refusal):
    """Raised when no contract has the given event type, or the given version of it; the message contains both."""


@dataclass(frozen=True, slots=True)
class EventViolation:
    """One violation of an event contract by one event of a request.

    `index`: the position of the event in the request, from 0.
    `pointer`: a JSON pointer (RFC 6901) to the wrong value within that event.
    `message`: the rule that the value breaks, in at most 200 characters.
    """

    index: int
    pointer: str
    message: str


class ContractViolation(Refusal):
    """Raised when events of a request violate their contracts; then the whole request is refused.

    `violations`: the first violations of the first invalid events.
    `total`: the number of all violations, including violations that are not in `violations`.
    `events`: the number of all invalid events.
    """

    def __init__(self, violations: Sequence[EventViolation], total: int, events: int = 1) -> None:
        subject = "1 event breaks its contract" if events == 1 else f"{events} events break their contract"
        super().__init__(f"{subject}; nothing was stored.")
        self.violations = tuple(violations)
        self.total = total


class StartupError(OrdersEventsError):
    """Raised when the server must not start; the server prints the message, which is one line, and exits."""


class InvalidContract(StartupError):
    """Raised when the OpenAPI document or an event contract is wrong; then the server does not start."""
