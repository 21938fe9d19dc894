"""The clock of all streams: it asks for the subscriptions that have been sent nothing for so long that a heartbeat is due."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from app.events.delivery.subscription import Subscription

TICKS_PER_HEARTBEAT = 15


class Heartbeats:
    """A clock that looks several times in each `heartbeat_seconds` for subscriptions that need a heartbeat, and collects them.

    `silent_since`: returns the subscriptions that can be sent an item, and were sent none since a moment, in seconds of the event loop's
    clock. `on_due`: called when `take` has subscriptions to return.
    """

    def __init__(
        self,
        heartbeat_seconds: float,
        silent_since: Callable[[float], Iterable[Subscription]],
        on_due: Callable[[], None],
    ) -> None:
        self._heartbeat_seconds = heartbeat_seconds
        self._silent_since = silent_since
        self._on_due = on_due
        self._silent: deque[Subscription] = deque()
        self._on_tick: list[Callable[[float], object]] = []

    @property
    def silence_seconds(self) -> float:
        """The time without an item after which a heartbeat is due.

        It is two ticks (checks of this clock) less than `heartbeat_seconds`: one tick because the next check comes a tick later,
        one tick in case the event loop is busy.
        """
        return self._heartbeat_seconds * (1 - 2 / TICKS_PER_HEARTBEAT)

    def call_each_tick(self, callback: Callable[[float], object]) -> None:
        """Call a function at each check of this clock, with the time in seconds of the event loop's clock."""
        self._on_tick.append(callback)

    @property
    def are_due(self) -> bool:
        """Whether `take` has subscriptions to return."""
        return bool(self._silent)

    def take(self, limit: int) -> Iterator[Subscription]:
        """Yield up to `limit` subscriptions that need a heartbeat.

        A subscription may have closed, or been sent an item, since it was found.
        """
        for _ in range(min(limit, len(self._silent))):
            yield self._silent.popleft()

    async def run(self) -> None:
        """Look for subscriptions that need a heartbeat, until the task is cancelled."""
        while True:
            await asyncio.sleep(self._heartbeat_seconds / TICKS_PER_HEARTBEAT)
            now = asyncio.get_running_loop().time()
            self._look_for_silence(now - self.silence_seconds)
            for callback in self._on_tick:
                callback(now)

    def _look_for_silence(self, since: float) -> None:
        if self._silent:
            return  # the last look's are not done yet
        self._silent.extend(self._silent_since(since))
        if self._silent:
            self._on_due()
