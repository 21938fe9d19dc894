"""The streams that the server ends by the time: their readers may read no longer, what they read was retired, or they
are as old as a stream may be.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable
from typing import Final

from app.events.delivery.stream_item import Closing
from app.events.delivery.subscription import Subscription
from app.events.delivery.timing.expiries import Expiries

TOKEN_EXPIRED: Final = Closing("token_expired")
MAX_AGE: Final = Closing("max_age")
VERSION_RETIRED: Final = Closing("version_retired")
_LEAST_SHARE: Final = 0.8  # of the greatest age, so that streams that began together do not end together


class Endings:
    """The subscriptions that end at a known time, and those that have ended but for a last item, because their sinks are full.

    `max_age_seconds`: the greatest age of a stream; each one ends at a random age between 80 % of it and all of it. None means no
    limit. `on_due`: called with each subscription that must end now, and with its last item.
    """

    def __init__(self, max_age_seconds: float | None, on_due: Callable[[Subscription, Closing], None]) -> None:
        self._max_age_seconds = max_age_seconds
        self._leases = Expiries[Subscription](time.time, lambda each: on_due(each, TOKEN_EXPIRED))
        self._sunsets = Expiries[Subscription](time.time, lambda each: on_due(each, VERSION_RETIRED))
        self._ages = Expiries[Subscription](_now, lambda each: on_due(each, MAX_AGE))
        self._put_off: dict[Subscription, Closing] = {}

    def begin(self, subscription: Subscription) -> None:
        """Take note of when a subscription that is being opened must end."""
        lease = subscription.lease
        if lease is not None and lease.expires_at is not None:
            self._leases.set(subscription, lease.expires_at)
        if subscription.deprecations:
            self._begin_sunset(subscription)
        if self._max_age_seconds is not None:
            self._ages.set(subscription, _now() + self._max_age_seconds * random.uniform(_LEAST_SHARE, 1))

    def revoke(self, subscription: Subscription) -> None:
        """Let a subscription end soon, because its lease was taken back."""
        self._leases.set(subscription, 0)

    def put_off(self, subscription: Subscription, closing: Closing) -> None:
        """Keep the last item of a subscription, because its sink is full."""
        self._put_off[subscription] = closing

    def take_put_off(self, subscription: Subscription) -> Closing | None:
        """Return the last item that was kept for a subscription, which is kept no longer; None if there is none."""
        return self._put_off.pop(subscription, None)

    def forget(self, subscription: Subscription) -> None:
        """Forget a subscription that has ended."""
        self._leases.forget(subscription)
        self._sunsets.forget(subscription)
        self._ages.forget(subscription)
        self._put_off.pop(subscription, None)

    def _begin_sunset(self, subscription: Subscription) -> None:
        ends_at = min(each.ends_at for each in subscription.deprecations)
        if ends_at < math.inf:
            self._sunsets.set(subscription, ends_at)


def _now() -> float:
    return asyncio.get_running_loop().time()
