"""How long a node waits before it makes its damaged copy anew, so that a failing disk does not keep it reading the whole log."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf
from typing import Final

FIRST_SECONDS: Final = 1.0  # before the second time
LONGEST_SECONDS: Final = 60.0
CALM_SECONDS: Final = 600.0  # a copy that lasts so long ends the series


class RebuildPauses:
    """The pauses before the copies that a node makes: none before the first one, and then each is twice as long as the one before.

    `clock`: returns seconds, and never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds = 0.0
        self._over_at = -inf

    def next_seconds(self) -> float:
        """Return how long to wait now, because the copy is damaged."""
        now = self._clock()
        is_calm = now - self._over_at > CALM_SECONDS
        self._seconds = 0.0 if is_calm else min(max(FIRST_SECONDS, 2 * self._seconds), LONGEST_SECONDS)
        self._over_at = now + self._seconds
        return self._seconds
