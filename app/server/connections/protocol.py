"""An HTTP connection that a stream can take over.

uvicorn 0.54 alone has three faults with streams: a stream that lasts for days keeps its whole request in memory; each write
costs a coroutine, a chunk header and a flow-control check for each client; a second request behind an open stream leaks its
task.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.server.connections.request_head import BadRequest, Fields
from app.server.connections.responses import switching_protocols
from app.server.connections.stream_connection import StreamConnection
from app.server.connections.timed_connection import TimedConnection, Wait
from app.server.connections.upgraded_connection import UpgradedConnection
from app.server.take_over import (
    TAKE_OVER,
    Connection,
    Duplex,
    DuplexConnection,
    LostConnection,
    Stream,
    chunked,
    close_delimited,
)


class StreamProtocol(TimedConnection):
    """A connection that answers requests until a stream takes the connection over, and again after that stream has ended.

    Meanwhile a `StreamConnection` is the protocol of the transport. It passes on what the client sends during the stream, which
    may be the rest of the request, or the beginning of the next one.
    """

    _is_behind_stream = False  # what is received now follows the request of a stream that has not ended

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TAKE_OVER: {"connection": self._take_over}}

    def on_headers_complete(self) -> None:
        # A response that never ends cannot be followed by another: RFC 9112 §9.3.2 lets a server close instead of answering.
        if self._is_behind_stream:
            raise BadRequest(400, "The request was sent before the end of the stream in front of it.")
        if self._offer:
            self.scope["extensions"][TAKE_OVER]["upgrade"] = self._upgrade
        super().on_headers_complete()

    def _present_wait(self) -> Wait:
        return Wait.APPLICATION if self._is_behind_stream else super()._present_wait()

    def _refuse(self, fault: BadRequest) -> None:
        if self._is_behind_stream:
            self.transport.abort()
        else:
            super()._refuse(fault)

    def _take_over(self, stream: Stream) -> Connection:
        cycle = self._give_away()
        if self.transport.is_closing():
            self.loop.call_soon(stream.lost)
            return LostConnection()
        self.flow.resume_reading()  # nobody reads the rest of the body, but the end of the connection is noticed only by reading
        if self.pipeline or self._refusal:
            self.transport.abort()
        coding = chunked if cycle.chunked_encoding else close_delimited
        head, behind = self._take_head(), self._take_behind_offer()
        connection = StreamConnection(self, stream, coding, head, keep_alive=cycle.keep_alive)
        self.step_back()
        if behind:
            connection.data_received(behind)
        return connection

    def _upgrade(self, headers: Fields, duplex: Duplex) -> DuplexConnection:
        cycle = self._give_away()
        cycle.response_started = True
        if self.transport.is_closing() or not cycle.keep_alive:  # the latter: the client has closed its side
            self.transport.close()
            self.loop.call_soon(duplex.lost)
            return LostConnection()
        self.transport.write(switching_protocols(headers))
        connection = UpgradedConnection(self, duplex, self._take_behind_offer())
        self.server_state.total_requests += 1
        self.step_back()
        return connection

    def _give_away(self) -> RequestResponseCycle:
        """Let the application return without a response. Returns the state of the request that is being answered."""
        cycle = self._running
        if cycle is None or cycle.response_complete:
            raise RuntimeError("A connection can be taken over once, while its response has not ended.")
        cycle.response_complete = True
        return cycle

    def step_back(self) -> None:
        """Leave the connection to a stream, and keep no more than is needed to read what the client sends during the stream."""
        self._is_behind_stream = True
        self.connections.discard(self)
        self._watch()
        if self.is_idle:
            self.release()

    def release(self) -> None:
        """Forget the last request, so that no cycle of references keeps this object and the request in memory."""
        self.scope = self.headers = self.cycle = self.parser = self._running = None  # type: ignore[assignment]  # not read until uvicorn sets them anew

    def resume(self, *, keep_alive: bool, is_full: bool) -> None:
        """Serve the connection again after the stream has ended; if `keep_alive` is False, close the connection.

        `is_full`: whether the transport has called `pause_writing` last, and not `resume_writing`.
        """
        self._is_behind_stream = False
        self.connections.add(self)
        self.transport.set_protocol(self)
        if is_full:
            self.pause_writing()
        if not keep_alive:
            self.close()
        self.on_response_complete()

    def data_received(self, data: bytes | memoryview) -> None:
        if not self.parser:
            self._new_parser()
        super().data_received(data)
