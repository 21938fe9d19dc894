"""The values that a stream yields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """An event about an order.

    There is a subclass for each event type that this client knows, such as `OrderShipped`, with typed `data`. An event of a type that
    was added later is a plain `OrderEvent`.

    `id`: the position of the event in the log; pass it as the argument `after` to resume a stream after this event.
    `event_type`: the name of the event's type, such as `order.shipped`.
    `data`: the parsed JSON object; its schema is in the server's documentation.
    """

    id: str
    event_type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gap:
    """A report that events are missing at this point of a stream.

    `id`: the position at which the stream goes on: just before the next event.
    `reason`: `expired` if the missing events were deleted; `foreign` or `ahead` if this log never issued the requested id, for example
        because a backup was restored; then the stream goes on with all events of the log. A newer server may send other reasons.
    `requested`: the id or the time at which the client asked the stream to begin.
    `earliest`: the position just before the oldest event that is still stored.
    """

    id: str
    reason: str
    requested: str
    earliest: str

    def __str__(self) -> str:
        return (
            f"Events are missing here: the position {self.requested} is {self.reason}. "
            f"What is left begins after {self.earliest}."
        )


@dataclass(frozen=True, slots=True)
class Deprecation:
    """A report that a major version of an event type that a stream has is deprecated.

    `event_type`, `major_version`: what is deprecated.
    `deprecated_on`: since which day, an RFC 3339 date.
    `sunset_on`: the day on which it ends, at midnight UTC; None if that is not decided. If there is a successor, the server refuses the
        stream from then on.
    `successor`: the major version to change to; None if there is none.
    """

    event_type: str
    major_version: int
    deprecated_on: str
    sunset_on: str | None = None
    successor: int | None = None

    def __str__(self) -> str:
        end = f" and ends on {self.sunset_on}" if self.sunset_on else ""
        change = f" Change to major version {self.successor}." if self.successor else ""
        return f"Major version {self.major_version} of {self.event_type} is deprecated since {self.deprecated_on}{end}.{change}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A report that the stream has reached a position: every event up to this position that matches the filter has been sent.

    `id`: the position; pass it as the argument `after` to resume there. The server then does not search again from the last event that
        matched.
    """

    id: str
