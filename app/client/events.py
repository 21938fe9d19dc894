"""The values that a stream yields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """Something that happened to an order.

    An event of a type that this client knows is an instance of the subclass for that type, such as `OrderShipped`, whose `data` is
    typed. An event of a newer type is a plain `OrderEvent`.

    `id`: the position after which a stream can be resumed, as the argument `after`.
    `event_type`: the name of its type, such as `order.shipped`.
    `data`: the parsed JSON object; its schema is in the server's documentation.
    """

    id: str
    event_type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gap:
    """A place in a stream at which events are missing.

    `id`: the position before the first event that follows.
    `reason`: `expired` if the events were deleted; `foreign` or `ahead` if the requested id is not from this log, so that
        everything in the log follows. A newer server may send other reasons.
    `requested`: the id or the time that the stream was asked to begin at.
    `earliest`: the position before the first event that is still stored.
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
    """A position up to which no further event matches the filter.

    `id`: resume there, as the argument `after`, instead of after the last event that matched.
    """

    id: str
