"""How much of the log a store keeps: a number of the newest events, and none older than a limit."""

from __future__ import annotations

import time
from collections import deque

LEAP_US = 100_000  # a clock that is merely slewed gains less than this between two looks

CHECK_SECONDS = 0.5  # how often a store looks at ages; half of what "within a second" allows


class Retention:
    """The limits of a log, and which events are beyond them; None means no limit.

    `events`: how many of the newest events to keep. `seconds`: the greatest age of an event.
    """

    def __init__(self, events: int | None, seconds: float | None) -> None:
        self._events = events
        self._limit_us = None if seconds is None else round(seconds * 1_000_000)
        self._leaps: deque[tuple[int, int]] = deque()
        self._wall_us, self._steady_us = _now_us()

    @property
    def by_age(self) -> bool:
        return self._limit_us is not None

    def surplus(self, head: int) -> int:
        """Return the newest offset to delete by number; 0 if there are not too many events."""
        return 0 if self._events is None else max(0, head - self._events)

    def expired_us(self) -> int:
        """Return the newest `stored_at_us` that is too old; 0 if ages have no limit.

        Nothing ages because the wall clock leapt ahead: a leap is taken off every age until it lies as far back as the
        limit. By then everything stored before it is too old, and nothing stored after it was touched by it.
        """
        if self._limit_us is None:
            return 0
        wall_us, steady_us = _now_us()
        leap_us = (wall_us - self._wall_us) - (steady_us - self._steady_us)
        if leap_us > LEAP_US:
            self._leaps.append((steady_us, leap_us))
        self._wall_us, self._steady_us = wall_us, steady_us
        while self._leaps and self._leaps[0][0] <= steady_us - self._limit_us:
            self._leaps.popleft()
        return wall_us - self._limit_us - sum(leap_us for _, leap_us in self._leaps)


def _now_us() -> tuple[int, int]:
    return time.time_ns() // 1000, time.monotonic_ns() // 1000
