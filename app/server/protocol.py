"""An HTTP connection that a stream can take over.

uvicorn 0.54 alone has three faults with streams: a stream that lasts for days keeps its whole request in memory; each write
costs a coroutine, a chunk header and a flow-control check for each client; a second request behind an open stream leaks its
task.
"""

from __future__ import annotations

from typing import Final

from app.server.http_connection import HttpConnection
from app.server.request_head import BadRequest
from app.server.take_over import TAKE_OVER, Connection, LostConnection, Stream, TransferCoding, chunked, close_delimited

LAST_CHUNK: Final = b"0\r\n\r\n"


class StreamProtocol(HttpConnection):
    """A connection that answers requests until a stream takes the connection over. From then on this object implements
    `Connection` (see `take_over.py`) for that stream.
    """

    is_streaming = False
    coding: TransferCoding  # of the stream
    _stream: Stream | None = None
    _keep_alive_after_stream = False

    # Requests, which nothing may follow once one of them is answered by a stream

    def data_received(self, data: bytes) -> None:
        if not self.parser:
            self._new_parser()
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TAKE_OVER: {"connection": self._take_over}}

    def on_headers_complete(self) -> None:
        # A response that never ends cannot be followed by another: RFC 9112 §9.3.2 lets a server close instead of answering.
        if self.is_streaming:
            self.transport.abort()
        else:
            super().on_headers_complete()

    def _refuse(self, fault: BadRequest) -> None:
        if self.is_streaming:
            self.transport.abort()
        else:
            super()._refuse(fault)

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
        if self.pipeline or self._refusal:
            self.transport.abort()
        if self._part == "none":
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
            self.close()
        self.on_response_complete()

    # Callbacks of the transport

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio.Protocol has it
        if self._stream is None:
            return super().eof_received()
        # The end of what a client sends is the only sign that an idle reader left, so it ends a stream that has no end of its own.
        self._keep_alive_after_stream = False
        return self._stream.is_finite

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.lost()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stream is not None:
            self._stream.writable()
