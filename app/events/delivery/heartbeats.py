"""The one clock of all streams: who has been silent for so long that a sign of life is due."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterator

from app.events.delivery.live_readers import LiveReaders
from app.events.delivery.subscription import Subscription

TICKS_PER_HEARTBEAT = 15


class Heartbeats:
    """Look at all open subscriptions a few times in each `heartbeat_seconds`.

    One that is behind has a step coming, and is only marked. Those that stand at the head wait for `take`.
    """

    def __init__(
        self,
        heartbeat_seconds: float,
        subscriptions: Collection[Subscription],
        standing: LiveReaders,
        call_turn: Callable[[], None],
    ) -> None:
        """Take what is told when there is somebody to `take`."""
        self._heartbeat_seconds = heartbeat_seconds
        self._subscriptions = subscriptions
        self._standing = standing
        self._call_turn = call_turn
        self._silent: deque[Subscription] = deque()

    @property
    def are_due(self) -> bool:
        """Tell whether there is somebody to `take`."""
        return bool(self._silent)

    def take(self, most: int) -> Iterator[Subscription]:
        """Yield those to whom a sign of life is due, so many at most; they may have left or been sent something meanwhile."""
        for _ in range(min(most, len(self._silent))):
            yield self._silent.popleft()

    async def run(self) -> None:
        """Look until cancelled.

        Two ticks early: one because the next look comes a tick later, one for a busy event loop.
        """
        tick_seconds = self._heartbeat_seconds / TICKS_PER_HEARTBEAT
        while True:
            await asyncio.sleep(tick_seconds)
            now = asyncio.get_running_loop().time()
            self._look_for_silence(now - (self._heartbeat_seconds - 2 * tick_seconds))

    def _look_for_silence(self, silent_since: float) -> None:
        if self._silent:
            return  # the last look's are not done yet
        for subscription in self._subscriptions:
            if subscription.stepped_at > silent_since:
                continue
            if not subscription.is_standing:
                subscription.heartbeat_due = True
            elif self._standing.sent_at(subscription) <= silent_since:
                self._silent.append(subscription)
        if self._silent:
            self._call_turn()
