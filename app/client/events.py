"""What a stream yields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """Something that happened to an order.

    An event of a type that this client was made with is of the subclass for its type, such as `OrderShipped`, whose `data` is
    typed; an event of a newer type is a plain `OrderEvent`. `id` is where to go on from after this event.
    """

    id: str
    event_type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gap:
    """Events are lost between `requested` and what follows, which begins after `earliest`.

    `requested` is the id or the time that was asked for. `reason` is `expired` (the events were deleted), `foreign` or `ahead`
    (the log is another one than before, so everything that it holds follows); later servers may know more reasons.
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
class Checkpoint:
    """Up to `id` there is nothing more that matches: a place to go on from that no event brought."""

    id: str
