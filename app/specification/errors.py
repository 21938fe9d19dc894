"""The errors of the product, as far as no server is needed for them; each message is a full sentence that a client may read.

OrdersEventsError
├── Refusal                   the request cannot be met as it stands; repeating it changes nothing
│   ├── MalformedJson         a text is not strict JSON
│   ├── UnknownEventType      no contract has this event type and version
│   └── ContractViolation     events break their contract; carries every violation
└── StartupError              the process must not start
    └── InvalidContract       the OpenAPI document or an event contract is wrong

`app/events/errors.py` adds those of the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class OrdersEventsError(Exception):
    """Say in one sentence what is wrong, naming the value."""

    @property
    def detail(self) -> str:
        return str(self)


class Refusal(OrdersEventsError):
    """Refuse a request that would fail again if it were repeated."""


class MalformedJson(Refusal):
    """Say where a text is not strict JSON, and why, without repeating it."""


class UnknownEventType(Refusal):
    """Name an event type or version that no contract has."""


@dataclass(frozen=True, slots=True)
class EventViolation:
    """Describe one breach of a contract.

    `index` counts the events of the request from 0; `pointer` is a JSON pointer (RFC 6901) into that event;
    `message` has at most 200 characters.
    """

    index: int
    pointer: str
    message: str


class ContractViolation(Refusal):
    """Refuse a whole request and list, per bad event, its first violations.

    `total` counts all violations found, listed or not.
    """

    def __init__(self, violations: Sequence[EventViolation], total: int) -> None:
        events = len({violation.index for violation in violations})
        subject = "1 event breaks its contract" if events == 1 else f"{events} events break their contract"
        super().__init__(f"{subject}; nothing was stored.")
        self.violations = tuple(violations)
        self.total = total


class StartupError(OrdersEventsError):
    """Stop the start; the message is the one line that is printed."""


class InvalidContract(StartupError):
    """Stop the start because of the OpenAPI document or an event contract."""
