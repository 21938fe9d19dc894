"""The errors of the core; each message is a full sentence that a client may read.

EventError
├── Refusal                   the request cannot be met as it stands; repeating it changes nothing
│   ├── MalformedJson         a text is not strict JSON
│   ├── UnknownEventType      no contract has this event type and version
│   ├── ContractViolation     events break their contract; carries every violation
│   ├── EventIdConflict       the eventId is taken by other content
│   └── PositionLost          the position cannot be resumed without a gap
├── StoreUnavailable          the store cannot read or write now; repeating the request later may succeed
└── StartupError              the process must not start
    ├── InvalidContract       the OpenAPI document or an event contract is wrong
    └── StoreRefused          the store cannot be opened
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.events.position import Gap


class EventError(Exception):
    """Say in one sentence what is wrong, naming the value."""

    @property
    def detail(self) -> str:
        return str(self)


class Refusal(EventError):
    """Refuse a request that would fail again if it were repeated."""


class MalformedJson(Refusal):
    """Say where a text is not strict JSON, and why, without repeating it."""


class UnknownEventType(Refusal):
    """Name an event type or version that no contract has."""


@dataclass(frozen=True, slots=True)
class Violation:
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

    def __init__(self, violations: Sequence[Violation], total: int) -> None:
        events = len({violation.index for violation in violations})
        subject = "1 event breaks its contract" if events == 1 else f"{events} events break their contract"
        super().__init__(f"{subject}; nothing was stored.")
        self.violations = tuple(violations)
        self.total = total


class EventIdConflict(Refusal):
    """Refuse an event whose `eventId` already names an event with other content."""

    def __init__(self, index: int, event_id: str) -> None:
        super().__init__(f"The eventId {event_id!r} names another event already; nothing was stored.")
        self.index = index
        self.event_id = event_id


class PositionLost(Refusal):
    """Tell a reader of pages that it cannot go on from where it was."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(f"The position {gap.requested!r} cannot be resumed: it is {gap.reason}.")
        self.gap = gap


class StoreUnavailable(EventError):
    """Say that the store cannot read or write now."""


class StartupError(EventError):
    """Stop the start; the message is the one line that is printed."""


class InvalidContract(StartupError):
    """Stop the start because of the OpenAPI document or an event contract."""


class StoreRefused(StartupError):
    """Stop the start because the store cannot be opened."""
