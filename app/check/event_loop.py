"""An event loop for callers that do not await: it runs in a thread of its own, and everything in it has a deadline."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class EventLoop:
    """Await coroutines for callers that cannot."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="orders-events-check", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, _T], seconds: float) -> _T:
        """Await a coroutine and return its result. Raises TimeoutError where it takes longer than `seconds`."""
        return asyncio.run_coroutine_threadsafe(_within(seconds, work), self._loop).result()

    def close(self) -> None:
        """End the thread, and cancel what is still awaited."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.get_loop().run_forever()


async def _within(seconds: float, work: Coroutine[Any, Any, _T]) -> _T:
    async with asyncio.timeout(seconds):
        return await work
