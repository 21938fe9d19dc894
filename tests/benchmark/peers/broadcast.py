"""The common part of the Python peers: a queue for each subscriber, and a POST that puts every line of its body into all queues."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

from starlette.requests import Request
from starlette.responses import Response

Event = TypeVar("Event")


class Broadcast(Generic[Event]):
    """The subscribers of a peer: each published line becomes an event, made once, and is put into every queue.

    `make`: makes an event from its number and the line.
    """

    def __init__(self, make: Callable[[int, str], Event]) -> None:
        self._make = make
        self._published = 0
        self._queues: set[asyncio.Queue[Event]] = set()

    async def subscribe(self) -> AsyncIterator[Event]:
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self._queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._queues.discard(queue)

    async def publish(self, request: Request) -> Response:
        body = await request.body()
        for line in body.decode().split("\n"):
            self.publish_line(line)
        return Response(status_code=204)

    def publish_line(self, line: str) -> None:
        self._published += 1
        event = self._make(self._published, line)
        for queue in self._queues:
            queue.put_nowait(event)
