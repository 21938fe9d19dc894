"""How late everything is on this machine, so that a busy machine is not held against a consumer."""

from __future__ import annotations

import asyncio
import time
from typing import Final

_TICK_SECONDS: Final = 0.05


class Lag:
    """Measures by how much a timer of this process is late. `watch` runs beside the scenarios."""

    def __init__(self) -> None:
        self._late: list[tuple[float, float]] = []

    async def watch(self) -> None:
        while True:
            expected = time.monotonic() + _TICK_SECONDS
            await asyncio.sleep(_TICK_SECONDS)
            now = time.monotonic()
            self._late.append((now, now - expected))

    def worst_seconds(self, since: float) -> float:
        """Return by how many seconds a timer was late at most since a time."""
        return max((late for at, late in self._late if at >= since), default=0.0)
