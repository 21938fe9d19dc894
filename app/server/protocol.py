"""uvicorn's HTTP/1 protocol on httptools, for connections that may be taken over by a stream.

What is changed, and why (uvicorn 0.54): an application that streams for days kept the whole request in memory and paid for a
coroutine, a chunk head and a flow-control check per write and client; a second request behind an open stream leaked its task for
good; an HTTP/1.0 client was sent chunks that it cannot read; what is no HTTP was answered in plain text; a head without an end took
twenty times its size of memory, without a bound.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.server.take_over import TAKE_OVER, Connection, Stream, TransferCoding

_App = Callable[..., Awaitable[None]]

LAST_CHUNK = b"0\r\n\r\n"
MAX_HEAD_BYTES: Final = 64 * 1024  # as in most servers; what comes in one read with the end of a head may be longer


class StreamProtocol(HttpToolsProtocol):
    """A connection that answers requests, until a response takes it over."""

    coding: TransferCoding
    is_streaming = False
    _running: RequestResponseCycle | None = None
    _is_between_messages = True
    _keeps_alive = False
    _stream: Stream | None = None
    _has_progressed = False
    _unfinished_bytes = 0  # received in a row without progress: of a head, of trailers, or of nothing at all

    def data_received(self, data: bytes) -> None:
        if not self.parser:
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
        self._has_progressed = False
        super().data_received(data)
        self._unfinished_bytes = 0 if self._has_progressed else self._unfinished_bytes + len(data)
        if self._unfinished_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431, f"The head of the request is longer than {MAX_HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_progressed = True
        self._is_between_messages = False
        self.scope["extensions"] = {TAKE_OVER: {"connection": self._take_over}}

    def on_headers_complete(self) -> None:
        self._has_progressed = True
        # A response that never ends cannot be followed by another: RFC 9112 §9.3.2 lets a server close instead of answering.
        if self.is_streaming:
            self.transport.abort()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._has_progressed = True
        if not self.is_streaming:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._has_progressed = True
        self._is_between_messages = True
        if not self.is_streaming:
            super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.scope["http_version"] == "1.0":
            app = _close_delimited(app, cycle)
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # uvicorn tells the newest request of the connection; with pipelining, the one that runs is an older one.
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.lost()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stream is not None:
            self._stream.writable()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self._refuse(400, msg)

    def _refuse(self, status: int, detail: str) -> None:
        """Answer in the form of every other error, for the last time; behind a stream there is no place for an answer."""
        if self.is_streaming:
            self.transport.abort()
            return
        problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
        body = json.dumps(problem).encode()
        head = b"content-type: application/problem+json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.close()

    # The connection as `app/server/take_over.py` has it

    def _take_over(self, stream: Stream) -> Connection:
        cycle = self._running
        if cycle is None or cycle.response_complete:
            raise RuntimeError("A connection can be taken over once, while its response has not ended.")
        cycle.response_complete = True  # so the application may return
        if self.transport.is_closing():
            self.loop.call_soon(stream.lost)
            return Gone()
        self.is_streaming = True
        self._stream = stream
        self.coding = chunked if cycle.chunked_encoding else until_closed
        self._keeps_alive = cycle.keep_alive
        self.flow.resume_reading()  # of a body that nobody wants: who does not read learns of no end of the connection
        if self.pipeline:
            self.transport.abort()
        if self._is_between_messages:
            self._let_the_request_go()
        return self

    def _let_the_request_go(self) -> None:
        # A stream lasts for days and there are thousands; what a request needs is several times what a stream does.
        self.scope = self.headers = self.cycle = self.parser = self._running = None  # type: ignore[assignment]

    def write(self, coded: bytes) -> bool:
        self.transport.write(coded)
        return not self.flow.write_paused

    def end(self, coded: bytes) -> None:
        self.transport.write(coded + LAST_CHUNK if self.coding is chunked else coded)
        self.is_streaming = False
        self._stream = None
        if not self._keeps_alive:
            self.transport.close()
        self.on_response_complete()


def chunked(body: bytes) -> bytes:
    """Write a piece of a body as a chunk: RFC 9112 §7.1."""
    return b"%x\r\n%b\r\n" % (len(body), body)


def until_closed(body: bytes) -> bytes:
    """Write a piece of a body that ends with its connection: RFC 9112 §6.3."""
    return body


class Gone:
    """The connection of a client that left before its response could begin; it takes nothing."""

    coding = staticmethod(until_closed)

    def write(self, coded: bytes) -> bool:  # noqa: ARG002  # as every connection
        return False

    def end(self, coded: bytes) -> None:
        """Complete a response that nobody reads."""


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
