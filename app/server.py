"""uvicorn, as a server of streams needs it: it drains before it stops, and a connection that streams does nothing else.

What is changed, and why (uvicorn 0.54): a SIGTERM with an open stream never ended; the exit code of a clean stop was -15; a
second request behind an open stream leaked its task for good; an HTTP/1.0 client was sent chunks that it cannot read.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.transports.http.response import STREAM_EXTENSION

DRAIN_SECONDS: Final = 5.0  # for streams to take their last frame; then they are cut
GRACE_SECONDS: Final = 3  # for requests under way to be answered; together well within the 10 s that a deploy allows

_App = Callable[..., Awaitable[None]]


class Server(uvicorn.Server):
    """Serve until a signal; then tell every stream, wait for it, and leave with exit code 0."""

    def __init__(
        self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]], on_started: Callable[[], None]
    ) -> None:
        """Take `drain`, which tells the streams to end and returns when they have.

        `on_started` is called once requests are answered and signals are handled.
        """
        super().__init__(config)
        self._drain = drain
        self._on_started = on_started

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._on_started()

    async def shutdown(self, sockets: Any = None) -> None:
        """Drain first, with the listener still open: a client that comes now is told to come back, not refused."""
        try:
            await asyncio.wait_for(self._drain(), DRAIN_SECONDS)
        except TimeoutError:
            self._cut_streams()
        await super().shutdown(sockets)

    def _cut_streams(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, StreamProtocol) and connection.streaming:
                connection.transport.abort()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Handle signals as uvicorn does, but do not raise one again that was answered in full."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()


class StreamProtocol(HttpToolsProtocol):
    """uvicorn's protocol on httptools, for connections that may carry a stream."""

    streaming = False

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {STREAM_EXTENSION: {"begin": self._begin_stream}}

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.streaming and self.pipeline:
            self.transport.abort()

    def _begin_stream(self) -> None:
        # A response that never ends cannot be followed by another: RFC 9112 §9.3.2 lets a server close instead of answering.
        self.streaming = True
        if self.pipeline:
            self.transport.abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.scope["http_version"] == "1.0":
            app = _close_delimited(app, cycle)
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # uvicorn tells the newest request of the connection; with pipelining, the one that runs is an older one.
        running: RequestResponseCycle | None = getattr(self, "_running", None)
        if running is not None and not running.response_complete:
            running.disconnected = True
            running.message_event.set()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP in the form of every other error."""
        body = json.dumps({"type": "about:blank", "title": "Bad Request", "status": 400, "detail": msg}).encode()
        head = b"content-type: application/problem+json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[400] + head + body)
        self.transport.close()


def _close_delimited(app: _App, cycle: RequestResponseCycle) -> _App:
    """Send no chunks to an HTTP/1.0 client: its body ends with the connection (RFC 9112 §6.1, §6.3)."""

    async def without_chunks(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        async def send_plain(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.body":
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        cycle.chunked_encoding = False
        await app(scope, receive, send_plain)

    return without_chunks
