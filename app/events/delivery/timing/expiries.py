"""What ends at a known time, such as a stream whose access token expires: in buckets, behind one timer."""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

BUCKETS_PER_SECOND: Final = 2
# Tokens that were issued together expire together, and others must not wait for all of their streams.
HOLDERS_PER_TURN: Final = 64
LONGEST_WAIT_SECONDS: Final = 0.5  # then the clock is read again, because the time of day can be set

Holder = TypeVar("Holder", bound=Hashable)


class Expiries(Generic[Holder]):
    """The holders (such as streams) that end at a known time, each at most a second after it.

    Holders of the same half second are in one bucket, and one timer waits for the earliest bucket. So no holder has a timer of its
    own, and there is no timer if there is no holder.

    `clock`: returns the time in seconds, by the clock to which the times of the holders belong. `on_due`: called with each holder
    whose time has come, and which then has no time any more.
    """

    def __init__(self, clock: Callable[[], float], on_due: Callable[[Holder], object]) -> None:
        self._clock = clock
        self._on_due = on_due
        self._bucket_of: dict[Holder, dict[Holder, None]] = {}
        self._buckets: dict[int, dict[Holder, None]] = {}
        self._order: list[int] = []  # the keys of the buckets, as a heap
        self._is_waiting = False

    def __len__(self) -> int:
        return len(self._bucket_of)

    def set(self, holder: Holder, at: float) -> None:
        """Set the time at which a holder ends, in seconds of the clock. It replaces the time that the holder has."""
        self.forget(holder)
        key = math.ceil(at * BUCKETS_PER_SECOND)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = {}
            heapq.heappush(self._order, key)
        bucket[holder] = None
        self._bucket_of[holder] = bucket
        self._wait()

    def forget(self, holder: Holder) -> None:
        """Remove the time of a holder, if it has one."""
        bucket = self._bucket_of.pop(holder, None)
        if bucket is not None:
            del bucket[holder]

    def _wait(self) -> None:
        if not self._is_waiting and self._bucket_of:
            self._is_waiting = True
            seconds = self._order[0] / BUCKETS_PER_SECOND - self._clock()
            asyncio.get_running_loop().call_later(min(max(seconds, 0), LONGEST_WAIT_SECONDS), self._look)

    def _look(self) -> None:
        present = math.floor(self._clock() * BUCKETS_PER_SECOND)
        for _ in range(HOLDERS_PER_TURN):
            holder = self._take_due(present)
            if holder is None:
                self._is_waiting = False
                self._wait()
                return
            self._on_due(holder)
        asyncio.get_running_loop().call_soon(self._look)

    def _take_due(self, present: int) -> Holder | None:
        """Return a holder of a bucket up to `present`, and forget its time; None if there is none."""
        while self._order and self._order[0] <= present:
            bucket = self._buckets[self._order[0]]
            if bucket:
                holder, _ = bucket.popitem()
                del self._bucket_of[holder]
                return holder
            del self._buckets[heapq.heappop(self._order)]
        return None
