"""The errors of the log; each message is a full sentence that a client may read.

OrdersEventsError
├── Refusal                   the request cannot be met as it stands; repeating it changes nothing
│   ├── EventIdConflict       the eventId is taken by other content
│   └── PositionLost          the position cannot be resumed without a gap
├── StoreUnavailable          the store cannot read or write now; repeating the request later may succeed
├── Draining                  the server is about to stop; repeating the request in a moment will succeed
└── StartupError              the process must not start
    └── StoreRefused          the store cannot be opened

`app/specification/errors.py` has their bases, and the errors that need no log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.specification.errors import OrdersEventsError, Refusal, StartupError

if TYPE_CHECKING:
    from app.events.position import Gap


class EventIdConflict(Refusal):
    """Raised when the `eventId` of a submitted event already names an event with other content.

    `index` counts the submitted events from 0.
    """

    def __init__(self, index: int, event_id: str) -> None:
        super().__init__(f"The eventId {event_id!r} names another event already; nothing was stored.")
        self.index = index
        self.event_id = event_id


class PositionLost(Refusal):
    """Raised when a page cannot continue from the requested position; `gap` has the reason and the earliest position that can be read."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(f"The position {gap.requested!r} cannot be resumed: it is {gap.reason}.")
        self.gap = gap


class StoreUnavailable(OrdersEventsError):
    """Raised when the store cannot read or write now."""


class Draining(OrdersEventsError):
    """Raised when a request comes while the log drains."""

    def __init__(self) -> None:
        super().__init__("The server is about to stop; repeat the request in a moment.")


class StoreRefused(StartupError):
    """Raised when the store cannot be opened."""
