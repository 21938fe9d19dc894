"""uvicorn's HTTP/1 connection, changed to send responses and to close as RFC 9110 and RFC 9112 require.

uvicorn 0.54 alone has these faults:

- An HTTP/1.0 client is sent a body in chunks, which HTTP/1.0 clients cannot read.
- A client that closes its side of the connection after its request gets no response.
- Data that is not HTTP is answered in plain text, before the responses to earlier requests on the connection.
- The head of a response is sent before its body, in a write of its own.
- A connection is closed while the client is still sending. That resets the connection, and destroys a response that the client
  has not read yet.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.server.config import Config
from app.server.connections.request_head import BadRequest
from app.server.connections.request_reader import RequestReader
from app.server.connections.responses import problem_response, without_chunks


class HttpConnection(RequestReader):
    """A connection on which requests are answered in order, until one side closes the connection or a request is not valid
    HTTP.
    """

    config: Config

    _running: RequestResponseCycle | None = None  # the request that is being answered; with pipelining, later ones wait
    _head: bytes | None = None  # of the response to that request: None before it, and b"" once it has been sent
    _refusal = b""  # the last response, if something was received that is not HTTP
    _is_ending = False  # the last response has been sent
    _has_ended = False  # the client will send no more data

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.scope["http_version"] == "1.0":
            app = without_chunks(app, cycle)
        # `write`, `close` and `is_closing` are all that uvicorn uses of it. It is a weak reference, because with a strong one both
        # objects would stay in memory until the next garbage collection.
        cycle.transport = weakref.proxy(self)
        self._running = cycle
        self._head = None
        if self._has_ended:
            cycle.message_event = _SetTwice()
        super()._start_asgi_task(cycle, app)

    def _is_answering(self) -> bool:
        return self._running is not None and not self._running.response_complete

    def on_response_complete(self) -> None:
        # In place of uvicorn's method, which starts a timer after each response.
        self.server_state.total_requests += 1
        if self._is_ending or self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._refusal:
            self._end(self._refusal)
        elif self._behind_offer is not None:
            self._read_behind_offer()

    def _read_behind_offer(self) -> None:
        behind = self._take_behind_offer()
        if behind:
            self.data_received(behind)

    def _refuse(self, fault: BadRequest) -> None:
        """Send a problem document as the last response, and close the connection.

        The problem document is sent after the responses to all earlier requests of this connection.
        """
        client = {"client": self.client[0]} if self.client else {}
        self.logger.warning("A request was refused with status %d. %s", fault.status, fault, extra={"fields": client})
        self.config.refusals[str(fault.status)] += 1
        self._refusal = problem_response(fault)
        self._discards = True
        faulty = self.cycle if self._part == "body" else None
        if faulty is not None and faulty is self._running:
            faulty.disconnected = True
            faulty.message_event.set()
            self._end(b"" if self._head == b"" else self._refusal)
        elif not self._is_answering():
            self._end(self._refusal)
        elif faulty is not None:
            self.pipeline.popleft()

    # The transport, as uvicorn uses it for the response that is running

    def is_closing(self) -> bool:
        return self.transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send a part of the response. The head is sent in one write with the first part of the body."""
        cycle = self._running
        if cycle is None or not cycle.response_started:
            self.transport.write(data)  # an interim response
        elif self._head is None and cycle.scope["method"] != "HEAD":
            self._head = data
        else:
            self.transport.write(self._take_head() + data)

    def _take_head(self) -> bytes:
        """Return the head of the response if it has not been sent, so that the caller can send it; otherwise b""."""
        head, self._head = self._head or b"", b""
        return head

    # The end of the connection

    def close(self) -> None:
        """Close the connection. If the client is still sending a request body, the client can read the response before the
        connection closes.
        """
        if self._head:
            self.write(b"")  # the application failed before it sent a part of the body
        if self._part == "body":
            self._end(b"")
        else:
            self.transport.close()

    def _end(self, response: bytes) -> None:
        """Send the last response, and close the connection in two steps (RFC 9112 §9.6).

        First only the sending side is closed; the receiving side follows later. So a client that is still sending can read the
        response.
        """
        if self.transport.is_closing() or self._is_ending:
            return
        self._is_ending = self._discards = True
        self.transport.write(response)
        self.transport.write_eof()
        self.flow.resume_reading()

    # Callbacks of the transport

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio.Protocol has it
        """Handle that the client will send no more data.

        Returns True if the connection must stay open, because complete requests are still being answered. An application that
        reads on after the body of the request gets a message, with nothing in it, so that it does not wait for a client that may have
        left.
        """
        if self._running is None or not self._is_answering():
            return False
        if self._refusal:
            return True
        self.cycle.keep_alive = False
        if self._part == "body":
            return False
        self._has_ended = True
        if self._running.message_event.is_set():
            self._running.message_event = _SetTwice()  # the application has not read the request yet
        else:
            self._running.message_event.set()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # uvicorn notifies the newest request of the connection; with pipelining, the one that is being answered is an older one.
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()


class _SetTwice(asyncio.Event):
    """An event that is set, and is set once more after it has been cleared: for a request, and for the end that came right behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.set()
        self._is_set_again = True

    def clear(self) -> None:
        if not self._is_set_again:
            super().clear()
        self._is_set_again = False
