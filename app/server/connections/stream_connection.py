"""A connection while a stream has it: small, because thousands of streams stay open for days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from app.server.connections.taken_connection import TakenConnection
from app.server.take_over import Stream, TransferCoding, chunked

if TYPE_CHECKING:
    from app.server.connections.protocol import StreamProtocol

LAST_CHUNK: Final = b"0\r\n\r\n"


class StreamConnection(TakenConnection[Stream]):
    """The protocol of a transport, from the time at which a stream takes the connection over until the stream ends. It implements
    `Connection` (see `take_over.py`) for that stream.

    `http`: the protocol from which the connection is taken over. After the stream, such a protocol serves the connection again.
    `head`: the head of the response, which is sent with the first part of the body. `keep_alive`: whether the client may send
    another request after the stream.
    """

    __slots__ = (
        "_app_state",
        "_config",
        "_head",
        "_http",
        "_keep_alive",
        "coding",
    )

    def __init__(
        self, http: StreamProtocol, stream: Stream, coding: TransferCoding, head: bytes, *, keep_alive: bool
    ) -> None:
        super().__init__(
            http.transport, http.server_state, stream, http.config.timetable, is_full=http.flow.write_paused
        )
        self.coding = coding
        self._head = head
        self._keep_alive = keep_alive
        # Reads what is received during the stream. Most clients send nothing, so most of the time there is none.
        self._http: StreamProtocol | None = None if http.is_idle and not stream.is_finite else http
        # From these and the state of the server, uvicorn makes a protocol. They are the same objects for all connections of a server.
        self._config, self._app_state = http.config, http.app_state

    # `Connection` in `app/server/take_over.py`

    def write(self, coded: bytes) -> bool:
        if self._head:
            coded, self._head = self._head + coded, b""
        self.transport.write(coded)
        return not self._is_full

    def end(self, coded: bytes) -> None:
        self.write(coded + LAST_CHUNK if self.coding is chunked else coded)
        self._application = None
        http, self._http = self._http, None
        if http is None and self._keep_alive and not self.transport.is_closing():
            http = self._create_http()
        if http is None:
            self._server_state.total_requests += 1
            self.transport.close()
        else:
            self._timetable.clear(self)
            self._server_state.connections.discard(self)
            http.resume(keep_alive=self._keep_alive, is_full=self._is_full)

    def _create_http(self) -> StreamProtocol:
        create = cast("type[StreamProtocol]", self._config.http_protocol_class)
        http = create(self._config, self._server_state, self._app_state)
        http.connection_made(self.transport)
        http.step_back()
        return http

    # Callbacks of the transport

    def data_received(self, data: bytes | memoryview) -> None:
        if self._http is None:
            self._http = self._create_http()
        self._http.data_received(data)
        if self._http.is_idle:
            self._http.release()
            self._http = None

    def eof_received(self) -> bool:
        # The end of what a client sends is the only sign that an idle reader left, so it ends a stream that has no end of its own.
        self._keep_alive = False
        return self._application is not None and self._application.is_finite

    def connection_lost(self, exc: Exception | None) -> None:
        http, self._http = self._http, None
        if http is not None:
            http.connection_lost(exc)
        super().connection_lost(exc)
