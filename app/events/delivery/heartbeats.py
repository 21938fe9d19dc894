"""The clock of all streams: it finds the subscriptions that have been sent nothing for so long that a heartbeat is due."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterator

from app.events.delivery.subscription import Subscription
from app.events.delivery.subscription_state import State

TICKS_PER_HEARTBEAT = 15


class Heartbeats:
    """A clock that checks all open subscriptions several times in each `heartbeat_seconds`, and collects the subscriptions
    that need a heartbeat.

    `subscriptions`: all open subscriptions. `last_sent_at`: a function that returns when a live subscription was last sent an
    item by its group. `on_due`: called when `take` has subscriptions to return.
    """

    def __init__(
        self,
        heartbeat_seconds: float,
        subscriptions: Collection[Subscription],
        last_sent_at: Callable[[Subscription], float],
        on_due: Callable[[], None],
    ) -> None:
        self._heartbeat_seconds = heartbeat_seconds
        self._subscriptions = subscriptions
        self._last_sent_at = last_sent_at
        self._on_due = on_due
        self._silent: deque[Subscription] = deque()

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
        """Look for subscriptions that need a heartbeat, until the task is cancelled.

        A heartbeat is due two ticks (checks of this clock) before `heartbeat_seconds` have passed: one tick because the next
        check comes a tick later, one tick in case the event loop is busy.
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
            if subscription.last_sent_at <= silent_since:
                self._note_silence(subscription, silent_since)
        if self._silent:
            self._on_due()

    def _note_silence(self, subscription: Subscription, silent_since: float) -> None:
        match subscription.state:
            case State.LIVE:
                if self._last_sent_at(subscription) <= silent_since:
                    self._silent.append(subscription)
            case State.SCHEDULED | State.QUEUED:
                # Thousands may be before it, for a turn or for the reads of the store.
                self._silent.append(subscription)
            case State.READING:
                subscription.expect_heartbeat()
            case _:
                pass  # a full sink takes no heartbeat either
