"""When clients come back: random waits, so that clients that lost their streams together do not all return in the same moment."""

from __future__ import annotations

import random
from typing import Final

RETURNS_PER_SECOND: Final = 1_000  # streams that a server opens while it answers other requests in less than a second
# Long, so that clients that cannot be served cost little.
OVERLOADED_SECONDS: Final = (15, 45)


class Reconnection:
    """The times that clients are asked to wait before they reconnect. `retry_ms`: the shortest and the longest, in milliseconds.

    `is_spread`: whether `spread` has made the longest time longer.
    """

    def __init__(self, retry_ms: tuple[int, int]) -> None:
        self._shortest_ms, self._longest_ms = retry_ms
        self.is_spread = False

    def spread(self, clients: int) -> None:
        """Spread the return of clients over a longer time, because this number of them is about to lose their streams."""
        longest_ms = self._shortest_ms + clients * 1_000 // RETURNS_PER_SECOND
        if longest_ms > self._longest_ms:
            self._longest_ms = longest_ms
            self.is_spread = True

    def wait_ms(self) -> int:
        """Return how long one client is to wait, in milliseconds."""
        # A third of the time that random.randint takes, and as good for this.
        return self._shortest_ms + int(random.random() * (self._longest_ms - self._shortest_ms + 1))


def overloaded_seconds() -> int:
    """Return how many seconds a client is to wait that is refused a stream because a limit is reached."""
    return random.randint(*OVERLOADED_SECONDS)
