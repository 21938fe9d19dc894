"""How much of the log a store keeps: a number of the newest events, and none older than a limit.

The age of an event that was stored since the start is measured by the monotonic clock, which never jumps. The age of an older event
can only be taken from the wall clock, which may be wrong after a start or a jump. So an event is deleted by the wall clock only after
that clock has called it too old for as long as the limit, or for GRACE_SECONDS if that is less. An event outlives the limit at most by
the error of the wall clock while the event was stored, plus that time.
"""

from __future__ import annotations

import time
from collections import deque
from typing import NamedTuple

GRACE_SECONDS = (
    600  # the time for a clock that is wrong after a start to be set: services that do it need a minute or two
)
CHECK_SECONDS = 0.5  # how often a store looks at ages; half of what "within a second" allows

_PRECISION = 10_000  # ages are exact to this part of the limit, which bounds how many heads are remembered


class Expired(NamedTuple):
    """The events that are too old: those of this run through `offset`, and of earlier runs those stored by `stored_at_us`.

    Each is 0 if there are none.
    """

    offset: int
    stored_at_us: int


class Retention:
    """The limits of a log, and which events are beyond them; None means no limit.

    `events`: how many of the newest events to keep. `seconds`: the greatest age of an event.
    """

    def __init__(self, events: int | None, seconds: float | None) -> None:
        self._events = events
        self._limit_us = None if seconds is None else round(seconds * 1_000_000)
        self._started_us = _steady_us()
        self._expired_offset = 0
        self._heads: deque[tuple[int, int]] = deque()
        self._clocks: deque[tuple[int, int]] = deque()

    @property
    def by_age(self) -> bool:
        return self._limit_us is not None

    @property
    def grace_seconds(self) -> float:
        """How long nothing of an earlier run is deleted by age."""
        return min(GRACE_SECONDS, (self._limit_us or 0) / 1_000_000)

    def surplus(self, head: int) -> int:
        """Return the newest offset to delete by number; 0 if there are not too many events."""
        return 0 if self._events is None else max(0, head - self._events)

    def note(self, head: int) -> None:
        """Remember that the events through `head` have been stored by now."""
        if self._limit_us is None:
            return
        now_us = _steady_us()
        last_us, last_head = self._heads[-1] if self._heads else (self._started_us - self._limit_us, 0)
        if head > last_head and now_us >= last_us + self._limit_us // _PRECISION:
            self._heads.append((now_us, head))

    def expired(self) -> Expired:
        """Return which events are too old now."""
        if self._limit_us is None:
            return Expired(0, 0)
        now_us = _steady_us()
        while self._heads and self._heads[0][0] <= now_us - self._limit_us:
            _, self._expired_offset = self._heads.popleft()
        return Expired(self._expired_offset, max(0, self._clock_us(now_us) - self._limit_us))

    def expired_by_clock_us(self) -> int:
        """Return the newest `stored_at_us` that is too old by the present wall clock, even if that clock is not trusted yet."""
        return time.time_ns() // 1000 - (self._limit_us or 0)

    def _clock_us(self, now_us: int) -> int:
        """Return the earliest time that the wall clock has meant for now during the grace period; 0 if the grace period is not over."""
        grace_us = round(self.grace_seconds * 1_000_000)
        self._clocks.append((now_us, time.time_ns() // 1000 - now_us))
        while len(self._clocks) > 1 and self._clocks[1][0] <= now_us - grace_us:
            self._clocks.popleft()
        if now_us - self._started_us < grace_us:
            return 0
        return now_us + min(ahead_us for _, ahead_us in self._clocks)


def _steady_us() -> int:
    return time.monotonic_ns() // 1000
