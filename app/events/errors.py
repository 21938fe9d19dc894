"""The errors of the log. The message of each error is a full sentence that a client may read.

OrdersEventsError
├── Refusal                   the request cannot be fulfilled; repeating it changes nothing
│   ├── EventIdConflict       the eventId belongs to a stored event with other content
│   ├── NotPermitted          the sender of an event may not publish it
│   └── PositionLost          reading cannot continue from the requested position without a gap
├── StoreUnavailable          the store cannot read or write now; repeating the request later may succeed
├── Draining                  the server is about to stop; repeating the request in a moment will succeed
└── StartupError              the process must not start
    └── StoreRefused          the store cannot be opened

The base classes, and the errors that do not concern the log, are in `app/specification/errors.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.specification.errors import OrdersEventsError, Refusal, StartupError

if TYPE_CHECKING:
    from app.events.position import Gap


class EventIdConflict(Refusal):
    """Raised when the `eventId` of a submitted event already belongs to an event with other content.

    `index`: the index of the submitted event in its request, from 0.
    """

    def __init__(self, index: int, event_id: str) -> None:
        super().__init__(f"The eventId {event_id!r} names another event already; nothing was stored.")
        self.index = index
        self.event_id = event_id


class NotPermitted(Refusal):
    """Raised when a submitted event is not among the events that its sender may publish.

    `index`: the index of the submitted event in its request, from 0.
    """

    def __init__(self, index: int) -> None:
        super().__init__(f"The access token does not allow the event at index {index}; nothing was stored.")
        self.index = index


class PositionLost(Refusal):
    """Raised when a page cannot continue from the requested position, because events after that position are missing.

    `gap`: the reason, and the earliest position from which the log can be read.
    """

    def __init__(self, gap: Gap) -> None:
        super().__init__(f"The position {gap.requested!r} cannot be resumed: it is {gap.reason}.")
        self.gap = gap


class StoreUnavailable(OrdersEventsError):
    """Raised when the store of the log cannot read or write now; a later attempt may succeed."""


class Draining(OrdersEventsError):
    """Raised when a request arrives while the server is about to stop (while the log drains)."""

    def __init__(self) -> None:
        super().__init__("The server is about to stop; repeat the request in a moment.")


class StoreRefused(StartupError):
    """Raised when the store of the log cannot be opened; the server does not start then."""
