"""The publish rate: how many events and bytes a client may publish in a second.

It is a dozen lines and not a library: `limits` takes five times as long for each request, has a timer thread for each store of its
counts, and cannot count bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from math import ceil
from typing import Final, NamedTuple

from app.access.client import Client, address_key, principal_key
from app.access.errors import TooManyRequests

BURST_SECONDS: Final = 1.0  # a client that was silent may publish what it may publish in this time at once
_LEAST_KEPT: Final = 1024


class PublishRate(NamedTuple):
    """The numbers of events and of bytes that a client may publish in a second; None means that bytes are not limited."""

    events_per_second: float
    bytes_per_second: float | None = None

    def seconds(self, events: int, size: int) -> float:
        """Return how long a client may take to publish events that have `size` bytes, by the stricter of the two rates."""
        by_bytes = 0.0 if self.bytes_per_second is None else size / self.bytes_per_second
        return max(events / self.events_per_second, by_bytes)


class PublishLimit:
    """The limit on what each client publishes: a token bucket, kept as the time at which it will be full again (GCRA).

    A request may take more than the bucket holds. So it can be larger than the rate; the client then has to wait the longer. Without
    access tokens, clients are told apart by their addresses; all clients on this machine are one.

    `rate`: None means that there is no limit. `clock`: returns the time in seconds.
    """

    def __init__(self, rate: PublishRate | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._published = _Buckets(clock)
        self._refused = _Buckets(clock)

    def check(self, client: Client) -> None:
        """Check that a client may publish now. Raises TooManyRequests if not."""
        if self._rate is not None:
            self._published.check(_key(client))

    def check_refused(self, client: Client) -> None:
        """Check that the refused requests of a client have not used up its rate by themselves. Raises TooManyRequests if they have."""
        if self._rate is not None:
            self._refused.check(_key(client))

    def count(self, client: Client, events: int, size: int) -> None:
        """Count what a client is about to publish, which is at least one event, or a request without events would be free.

        Raises TooManyRequests, and counts nothing, if the client may not publish now.

        `size`: the length of the request's body in bytes.
        """
        if self._rate is None:
            return
        self.check(client)
        self._published.take(_key(client), self._rate.seconds(max(events, 1), size))

    def count_refused(self, client: Client, size: int) -> None:
        """Count a request whose events are not known, because it is refused before it is parsed. It counts as one event.

        Otherwise a client could keep the server busy with such requests. `size`: how many bytes of the body were received.
        """
        if self._rate is None:
            return
        self._published.take(_key(client), self._rate.seconds(1, size))
        self.count_in_vain(client, size)

    def count_in_vain(self, client: Client, size: int) -> None:
        """Count a request that was parsed although the client may not publish now, as `check_refused` looks at it.

        It takes nothing of what the client may publish: one that sends several at once would have to wait for all of them.
        """
        if self._rate is not None:
            self._refused.take(_key(client), self._rate.seconds(1, size))


class _Buckets:
    """The token buckets of all clients, by the key of the client."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._full_at: dict[Hashable, float] = {}
        self._kept = _LEAST_KEPT

    def check(self, key: Hashable) -> None:
        wait_seconds = self._full_at.get(key, 0.0) - self._clock() - BURST_SECONDS
        if wait_seconds > 0:
            raise TooManyRequests("This client publishes more than it may.", ceil(wait_seconds))

    def take(self, key: Hashable, seconds: float) -> None:
        """Take from a bucket what is refilled in this time."""
        now = self._clock()
        self._full_at[key] = max(self._full_at.get(key, now), now) + seconds
        if len(self._full_at) > self._kept:
            self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
            self._kept = max(_LEAST_KEPT, 2 * len(self._full_at))


def _key(client: Client) -> Hashable:
    return principal_key(client) or address_key(client)
