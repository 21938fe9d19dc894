"""The versions of event types whose sunset is still to come, in its order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from app.specification.contracts import EventContract


class Sunsets:
    """The event contracts that will be retired. There are few, most often none.

    `clock`: returns the present time in seconds since 1970-01-01 UTC.
    """

    def __init__(self, contracts: Iterable[EventContract], clock: Callable[[], float]) -> None:
        self._clock = clock
        ending = [each for each in contracts if sunset_at(each) < math.inf]
        self._ending = sorted(ending, key=sunset_at, reverse=True)

    def take_due(self) -> list[EventContract]:
        """Return the contracts whose sunset has come since the last call."""
        due = []
        while self._ending and sunset_at(self._ending[-1]) <= self._clock():
            due.append(self._ending.pop())
        return due


def sunset_at(contract: EventContract) -> float:
    """Return the moment from which on a version is retired, in seconds since 1970-01-01 UTC; infinity if that is not decided."""
    return math.inf if contract.deprecation is None else contract.deprecation.sunset_at
