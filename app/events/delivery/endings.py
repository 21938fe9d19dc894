"""The streams that the server ends by the time: their readers may read no longer, or they are as old as a stream may be."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from typing import Final

from app.events.delivery.expiries import Expiries
from app.events.delivery.stream_item import Closing
from app.events.delivery.subscription import Subscription

TOKEN_EXPIRED: Final = Closing("token_expired")
MAX_AGE: Final = Closing("max_age")
_LEAST_SHARE: Final = 0.8  # of the greatest age, so that streams that began together do not end together


class Endings:
    """The subscriptions that must end, and those that will at a known time.

    `max_age_seconds`: the greatest age of a stream; each one ends at a random age between 80 % of it and all of it. None means no
    limit. `on_due`: called when `take` has subscriptions to return.
    """

    def __init__(self, max_age_seconds: float | None, on_due: Callable[[], None]) -> None:
        self._max_age_seconds = max_age_seconds
        self._on_due = on_due
        self._expiries = Expiries[Subscription](time.time, lambda each: self.add(each, TOKEN_EXPIRED))
        self._ages = Expiries[Subscription](_now, lambda each: self.add(each, MAX_AGE))
        self._due: dict[Subscription, Closing] = {}
        self._put_off: dict[Subscription, Closing] = {}

    @property
    def are_due(self) -> bool:
        """Whether `take` has subscriptions to return."""
        return bool(self._due)

    def begin(self, subscription: Subscription) -> None:
        """Take note of when a subscription that is being opened must end."""
        lease = subscription.lease
        if lease is not None and lease.expires_at is not None:
            self._expiries.set(subscription, lease.expires_at)
        if self._max_age_seconds is not None:
            self._ages.set(subscription, _now() + self._max_age_seconds * random.uniform(_LEAST_SHARE, 1))

    def add(self, subscription: Subscription, closing: Closing) -> None:
        """Let a subscription end as soon as it is its turn."""
        self._due[subscription] = closing
        self._on_due()

    def take(self, limit: int) -> Iterator[tuple[Subscription, Closing]]:
        """Yield up to `limit` subscriptions that must end now, each with its last item."""
        for _ in range(min(limit, len(self._due))):
            yield self._due.popitem()

    def put_off(self, subscription: Subscription, closing: Closing) -> None:
        """Keep the last item of a subscription, because its sink is full."""
        self._put_off[subscription] = closing

    def take_put_off(self, subscription: Subscription) -> Closing | None:
        """Return the last item that was kept for a subscription, which is kept no longer; None if there is none."""
        return self._put_off.pop(subscription, None)

    def forget(self, subscription: Subscription) -> None:
        """Forget a subscription that has ended."""
        self._expiries.forget(subscription)
        self._ages.forget(subscription)
        self._due.pop(subscription, None)
        self._put_off.pop(subscription, None)


def _now() -> float:
    return asyncio.get_running_loop().time()
