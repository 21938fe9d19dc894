"""A server as its clients see it: requests that are answered or not, streams that end or break."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

from app.events.delivery.fan_out import FanOut
from app.events.log.event_log import EventLog
from tests.simulation.disk import SimulatedStore

HEARTBEAT_SECONDS = 15.0
DRAIN_SECONDS = 5.0

T = TypeVar("T")


class NoAnswerError(Exception):
    """Raised when the server dies before it has answered."""


class Server:
    """One life of the server: a log and its fan-out, from a start to a crash or a drain."""

    def __init__(self, store: SimulatedStore) -> None:
        self._store = store
        self._requests: dict[asyncio.Task[Any], None] = {}
        self.log = EventLog(store)
        self.fan_out = FanOut(self.log, HEARTBEAT_SECONDS)
        self.died = asyncio.Event()

    async def start(self) -> None:
        await self.log.open()
        self._clock = asyncio.create_task(self.fan_out.run())

    async def answer(self, request: Coroutine[Any, Any, T]) -> T:
        """Run a request in the server, and return its answer. Raises NoAnswerError if the server dies under it."""
        task = asyncio.create_task(request)
        self._requests[task] = None
        try:
            await asyncio.wait([task])
        finally:
            self._requests.pop(task, None)
        if task.cancelled():
            raise NoAnswerError
        return task.result()

    async def crash(self) -> None:
        """Die between two turns of the event loop."""
        self.died.set()
        self._clock.cancel()
        for task in self._requests:
            task.cancel()
        await asyncio.sleep(0)
        await self._store.crash()

    async def drain(self) -> None:
        """Say goodbye to every stream, as for a deploy; streams that take nothing are cut after a while."""
        self.fan_out.drain()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.fan_out.ended(), DRAIN_SECONDS)
        await self.crash()
