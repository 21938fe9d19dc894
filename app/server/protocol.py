"""uvicorn's HTTP/1 connection (on httptools), changed so that a stream can take it over.

What was wrong without the changes (uvicorn 0.54):

- A stream of days kept its whole request in memory, and each write cost a coroutine, the head of a chunk and a flow-control check
  per client.
- A second request behind an open stream leaked its task for good.
- An HTTP/1.0 client was sent chunks, which it cannot read.
- Malformed HTTP was answered in plain text instead of a problem document.
- A request head without an end took twenty times its size of memory, without a bound.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.server.take_over import TAKE_OVER, Connection, LostConnection, Stream, TransferCoding, chunked, close_delimited

_App = Callable[..., Awaitable[None]]

LAST_CHUNK: Final = b"0\r\n\r\n"
MAX_HEAD_BYTES: Final = (
    64 * 1024
)  # as in most servers; a head that ends within the read that passes this bound is still accepted


class StreamProtocol(HttpToolsProtocol):
    """A connection that answers requests until a stream takes it over; then it is that stream's `Connection`."""

    is_streaming = False
    coding: TransferCoding  # of the stream
    _stream: Stream | None = None
    _keep_alive_after_stream = False
    _running: RequestResponseCycle | None = None  # the request that is being answered; with pipelining, later ones wait
    _is_between_messages = True
    _has_progressed = False  # whether the parser completed a part of a message in the present read
    _stalled_bytes = 0  # received in a row without such progress: of a head, of trailers, or empty lines

    def data_received(self, data: bytes) -> None:
        if not self.parser:
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn sets it
        self._has_progressed = False
        super().data_received(data)
        self._stalled_bytes = 0 if self._has_progressed else self._stalled_bytes + len(data)
        if self._stalled_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431, f"The head of the request is longer than {MAX_HEAD_BYTES} bytes.")

    # Callbacks of the parser

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

    # The request that is being answered

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.scope["http_version"] == "1.0":
            app = _without_chunks(app, cycle)
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """Answer a request that is not HTTP."""
        self._refuse(400, msg)

    def _refuse(self, status: int, detail: str) -> None:
        """Answer with a problem document, as for every other error, and close. A stream cannot be followed by an answer: it is cut."""
        if self.is_streaming:
            self.transport.abort()
            return
        problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
        body = json.dumps(problem).encode()
        head = b"content-type: application/problem+json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.close()

    # Callbacks of the transport

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # uvicorn notifies the newest request of the connection; with pipelining, the one that is being answered is an older one.
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

    # The connection of a stream: `Connection` in `app/server/take_over.py`

    def _take_over(self, stream: Stream) -> Connection:
        cycle = self._running
        if cycle is None or cycle.response_complete:
            raise RuntimeError("A connection can be taken over once, while its response has not ended.")
        cycle.response_complete = True  # so that uvicorn lets the application return
        if self.transport.is_closing():
            self.loop.call_soon(stream.lost)
            return LostConnection()
        self.is_streaming = True
        self._stream = stream
        self.coding = chunked if cycle.chunked_encoding else close_delimited
        self._keep_alive_after_stream = cycle.keep_alive
        self.flow.resume_reading()  # nobody reads the rest of the body, but the end of the connection is noticed only by reading
        if self.pipeline:
            self.transport.abort()
        if self._is_between_messages:
            self._release_request()
        return self

    def _release_request(self) -> None:
        # There are thousands of streams, which last for days, and a request takes several times the memory of a stream.
        self.scope = self.headers = self.cycle = self.parser = self._running = None  # type: ignore[assignment]

    def write(self, coded: bytes) -> bool:
        self.transport.write(coded)
        return not self.flow.write_paused

    def end(self, coded: bytes) -> None:
        self.transport.write(coded + LAST_CHUNK if self.coding is chunked else coded)
        self.is_streaming = False
        self._stream = None
        if not self._keep_alive_after_stream:
            self.transport.close()
        self.on_response_complete()


def _without_chunks(app: _App, cycle: RequestResponseCycle) -> _App:
    """Return an application that sends no chunks, for an HTTP/1.0 client: its body ends with the connection (RFC 9112 §6.1, §6.3)."""

    async def without_chunks(scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        async def send_plain(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.body":
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        cycle.chunked_encoding = False
        await app(scope, receive, send_plain)

    return without_chunks
