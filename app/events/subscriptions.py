"""All subscriptions of one process: one clock gives every one of them its heartbeat."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from app.events.subscribe import Subscription

TICKS_PER_HEARTBEAT = 15


class Subscriptions:
    """Hold the open subscriptions; `run` beats for those that were silent for almost `heartbeat_seconds`."""

    def __init__(self, heartbeat_seconds: float) -> None:
        self._heartbeat_seconds = heartbeat_seconds
        self._open: set[Subscription] = set()
        self._none_open = asyncio.Event()
        self._none_open.set()

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def holding(self, subscription: Subscription) -> Iterator[Subscription]:
        """Hold a subscription for as long as its stream is open."""
        self._open.add(subscription)
        self._none_open.clear()
        try:
            yield subscription
        finally:
            self._open.discard(subscription)
            if not self._open:
                self._none_open.set()

    async def ended(self) -> None:
        """Wait until no subscription is open."""
        await self._none_open.wait()

    def lag_events(self) -> int:
        """How many offsets the slowest subscription is behind the head."""
        return max((subscription.lag_events for subscription in self._open), default=0)

    async def run(self) -> None:
        """Beat until cancelled.

        Two ticks early: one because the next look comes a tick later, one for a busy event loop.
        """
        tick_seconds = self._heartbeat_seconds / TICKS_PER_HEARTBEAT
        silence_seconds = self._heartbeat_seconds - 2 * tick_seconds
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(tick_seconds)
            silent_since = loop.time() - silence_seconds
            for subscription in [each for each in self._open if each.stepped_at <= silent_since]:
                subscription.beat()
