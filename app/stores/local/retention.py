"""Retention: which events a store keeps. It keeps a maximum number of the newest events, and no event older than a maximum
age.

The age of an event that was stored since the start of the process is measured by the monotonic clock, which never jumps. The
age of an older event can only be calculated from the wall clock, which may be wrong after a start or a jump. So an older event
is deleted only after the wall clock has said for some time that it is too old. This time is the maximum age, or GRACE_SECONDS
if that is less. An event is therefore kept longer than the maximum age at most by this time, plus the error of the wall clock
when the event was stored.
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
    """The events of a log that are too old: two limits, each 0 if no event is too old.

    `offset`: events that were stored since the start of the process are too old up to this offset. `stored_at_us`: events that
    were stored before the start are too old if they were stored at or before this time (microseconds since 1970-01-01 UTC).
    """

    offset: int
    stored_at_us: int


class Retention:
    """The limits of a log on the number and age of its events, and the calculation of which events exceed them.

    `events`: how many of the newest events to keep. `seconds`: the maximum age of an event. None means no limit.
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
        """The number of seconds after the start of the process in which no event from before the start is deleted because of
        its age.
        """
        return min(GRACE_SECONDS, (self._limit_us or 0) / 1_000_000)

    def surplus(self, head: int) -> int:
        """Return the offset through which events must be deleted, so that the log keeps no more than its maximum number of
        events.

        `head`: the offset of the newest event. Returns 0 if no event must be deleted.
        """
        return 0 if self._events is None else max(0, head - self._events)

    def note(self, head: int) -> None:
        """Record that the events with offsets up to `head` have been stored by now, so that their age can be measured."""
        if self._limit_us is None:
            return
        now_us = _steady_us()
        last_us, last_head = self._heads[-1] if self._heads else (self._started_us - self._limit_us, 0)
        if head > last_head and now_us >= last_us + self._limit_us // _PRECISION:
            self._heads.append((now_us, head))

    def expired(self) -> Expired:
        """Return which events are too old now, as two limits: one for events since the start of the process, one for older
        events.
        """
        if self._limit_us is None:
            return Expired(0, 0)
        now_us = _steady_us()
        while self._heads and self._heads[0][0] <= now_us - self._limit_us:
            _, self._expired_offset = self._heads.popleft()
        return Expired(self._expired_offset, max(0, self._clock_us(now_us) - self._limit_us))

    def expired_by_clock_us(self) -> int:
        """Return the newest storing time that is too old according to the wall clock now, in microseconds since 1970-01-01
        UTC.

        The result is for a warning only: unlike in `expired`, the wall clock may be wrong.
        """
        return time.time_ns() // 1000 - (self._limit_us or 0)

    def _clock_us(self, now_us: int) -> int:
        """Return a cautious (low) estimate of the current time, in microseconds since 1970-01-01 UTC.

        The wall clock may be wrong. So the result is its reading, reduced to the lowest that any reading in the last
        `grace_seconds` implies for now (readings are moved forward by the monotonic clock). Returns 0 if the process started
        less than `grace_seconds` ago.
        """
        grace_us = round(self.grace_seconds * 1_000_000)
        self._clocks.append((now_us, time.time_ns() // 1000 - now_us))
        while len(self._clocks) > 1 and self._clocks[1][0] <= now_us - grace_us:
            self._clocks.popleft()
        if now_us - self._started_us < grace_us:
            return 0
        return now_us + min(ahead_us for _, ahead_us in self._clocks)


def _steady_us() -> int:
    return time.monotonic_ns() // 1000
