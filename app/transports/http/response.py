"""The response that is a stream: one subscription pumped into one connection."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.events.position import Gap
from app.events.store import Page
from app.events.subscribe import Checkpoint, Closing, Step, Subscription
from app.events.subscriptions import Subscriptions
from app.transports.http import sse
from app.transports.http.metrics import Tally

STREAM_EXTENSION = "orders_events.stream"
"""The ASGI extension by which our server is told that a response does not end by itself; see `app/server.py`.

Other servers lack it, and the stream is the same on them.
"""

STREAM_HEADERS: Mapping[str, str] = {
    "Content-Type": f"{sse.MEDIA_TYPE}; charset=utf-8",
    "Cache-Control": "no-store, no-transform",  # no cache keeps it, no proxy compresses and thereby buffers it
    "X-Accel-Buffering": "no",  # nginx passes every write on at once
    "X-Content-Type-Options": "nosniff",
}


class Streams:
    """What all streams of one server share: their clock, the bytes they have in common, their reconnection time."""

    def __init__(self, subscriptions: Subscriptions, tally: Tally, retry_ms: tuple[int, int]) -> None:
        self.subscriptions = subscriptions
        self.tally = tally
        self._retry_ms = retry_ms
        self._encoded: WeakKeyDictionary[Page, bytes] = WeakKeyDictionary()

    def opening(self, step: Checkpoint | Gap | Closing) -> bytes:
        """Encode a stream's beginning; the jitter keeps clients that were cut together from coming back together."""
        return sse.encode_opening(random.randint(*self._retry_ms), step)

    def encode(self, step: Step) -> bytes:
        """Encode a step; readers that were handed one page are handed one `bytes`."""
        if not isinstance(step, Page):
            return sse.encode(step)
        encoded = self._encoded.get(step)
        if encoded is None:
            encoded = self._encoded[step] = sse.encode(step)
        return encoded


class EventStreamResponse(Response):
    """Pump a subscription until it closes or its reader leaves.

    All that can fail has been done before one of these is made: from here on the status is 200.
    """

    def __init__(self, streams: Streams, subscription: Subscription | Closing) -> None:
        super().__init__(headers=STREAM_HEADERS)
        del self.headers["content-length"]
        self._streams = streams
        self._subscription = subscription

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        extension = scope.get("extensions", {}).get(STREAM_EXTENSION)
        if extension is not None:
            extension["begin"]()
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        # The pump is a task of its own: a wake-up in it need not climb through the coroutines of nine middlewares.
        pump = asyncio.create_task(self._pump(send))
        left = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait((pump, left), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(pump, left)

    async def _pump(self, send: Send) -> None:
        write = _writer(send)
        if isinstance(self._subscription, Closing):
            self._streams.tally.closings[self._subscription.reason] += 1
            await write(self._streams.opening(self._subscription), more_body=False)
            return
        with self._streams.subscriptions.holding(self._subscription) as subscription:
            self._streams.tally.count(subscription.opening)
            await write(self._streams.opening(subscription.opening))
            while True:
                step = await subscription.advance()
                await write(self._streams.encode(step), more_body=not isinstance(step, Closing))
                self._streams.tally.count(step)
                if isinstance(step, Closing):
                    return
                # A server's send may never suspend, least of all once the reader has left: let that be noticed.
                await asyncio.sleep(0)


def _writer(send: Send) -> Callable[..., Awaitable[None]]:
    async def write(body: bytes, *, more_body: bool = True) -> None:
        message: dict[str, Any] = {"type": "http.response.body", "body": body, "more_body": more_body}
        await send(message)

    return write


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _end(pump: asyncio.Task[None], left: asyncio.Task[None]) -> None:
    for task in (pump, left):
        task.cancel()
    ended, _ = await asyncio.gather(pump, left, return_exceptions=True)
    if isinstance(ended, Exception):
        raise ended
