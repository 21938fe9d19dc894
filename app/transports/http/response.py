"""The response that is a stream: it puts a subscription's steps on a connection, by the shortest way that the server offers.

Our own server lets the response take the connection over (see `app/server/take_over.py`), and the request is done with: what stays in memory
is the connection and the subscription. On any other ASGI server each step is sent as a message.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.events.delivery.fan_out import FanOut
from app.events.delivery.stream_item import Closing, StreamItem, StreamStart
from app.events.delivery.subscription import Subscription
from app.events.log.event_store import Page
from app.server.take_over import TAKE_OVER, Connection, Stream, TransferCoding
from app.transports.http import sse
from app.transports.http.asgi_sink import AsgiSink

STREAM_HEADERS: Mapping[str, str] = {
    "Content-Type": f"{sse.MEDIA_TYPE}; charset=utf-8",
    "Cache-Control": "no-store, no-transform",  # no cache keeps it, no proxy compresses and thereby buffers it
    "X-Accel-Buffering": "no",  # nginx passes every write on at once
    "X-Content-Type-Options": "nosniff",
}


class Streams:
    """What all streams of one server share: what moves them, the bytes they have in common, their reconnection time."""

    def __init__(self, fan_out: FanOut, retry_ms: tuple[int, int]) -> None:
        self.fan_out = fan_out
        self._retry_ms = retry_ms
        self._pages: WeakKeyDictionary[Page, bytes] = WeakKeyDictionary()
        self._written: dict[TransferCoding, EncodedItem] = {}

    def encode(self, step: StreamItem) -> bytes:
        """Encode a step; readers that were handed one page are handed one `bytes`.

        The reconnection time of an opening is random: clients that were cut together must not come back together.
        """
        match step:
            case StreamStart():
                return sse.encode_opening(step, random.randint(*self._retry_ms))
            case Page():
                encoded = self._pages.get(step)
                if encoded is None:
                    encoded = self._pages[step] = sse.encode(step)
                return encoded
            case _:
                return sse.encode(step)

    def written_in(self, coding: TransferCoding) -> EncodedItem:
        """Return what the connections of one transfer coding share."""
        return self._written.setdefault(coding, EncodedItem(self.encode, coding))


class EncodedItem:
    """The last step as it goes to a connection: made once, then the same for all who are sent it one after another."""

    __slots__ = ("_coding", "_encode", "body", "is_closing", "step")

    def __init__(self, encode: Callable[[StreamItem], bytes], coding: TransferCoding) -> None:
        self._encode = encode
        self._coding = coding
        self.step: StreamItem | None = None
        self.body = b""
        self.is_closing = False

    def write(self, step: StreamItem) -> None:
        """Make `body` of another step."""
        self.step = step
        self.body = self._coding(self._encode(step))
        self.is_closing = isinstance(step, Closing)


class EventStreamResponse(Response):
    """Send a subscription until it closes or its reader leaves; or the one `Closing` that there is to say.

    All that can fail has been done before one of these is made: from here on the status is 200.
    """

    def __init__(self, streams: Streams, subscription: Subscription | Closing) -> None:
        super().__init__(headers=STREAM_HEADERS)
        del self.headers["content-length"]
        self._streams = streams
        self._subscription = subscription

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        take_over = scope.get("extensions", {}).get(TAKE_OVER)
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
        elif isinstance(self._subscription, Closing):
            opening = self._streams.encode(StreamStart(self._subscription))
            self._streams.fan_out.closings[self._subscription.reason] += 1
            await send({"type": "http.response.body", "body": opening, "more_body": False})
        elif take_over is not None:
            ConnectionSink(self._streams, self._subscription, take_over["connection"])
        else:
            await AsgiSink(self._streams.encode, receive, send).carry(self._streams.fan_out, self._subscription)


class ConnectionSink:
    """The sink of a subscription on a connection that is ours."""

    __slots__ = ("_connection", "_fan_out", "_subscription", "_written")

    def __init__(self, streams: Streams, subscription: Subscription, take_over: Callable[[Stream], Connection]) -> None:
        """Take the connection over and open the subscription on it."""
        self._fan_out = streams.fan_out
        self._subscription = subscription
        self._connection = take_over(self)
        self._written = streams.written_in(self._connection.coding)
        self._fan_out.open(subscription, self)

    def send(self, step: StreamItem) -> bool:
        written = self._written
        if step is not written.step:
            written.write(step)
        if written.is_closing:
            self._connection.end(written.body)
            return False
        return self._connection.write(written.body)

    @property
    def is_finite(self) -> bool:
        return self._subscription.is_finite

    def writable(self) -> None:
        self._fan_out.resume(self._subscription)

    def lost(self) -> None:
        self._fan_out.leave(self._subscription)
