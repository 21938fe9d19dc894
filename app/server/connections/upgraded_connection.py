"""A connection after its switch from HTTP to another protocol: data goes both ways until one side closes the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.server.connections.taken_connection import TakenConnection
from app.server.take_over import Duplex

if TYPE_CHECKING:
    from app.server.connections.protocol import StreamProtocol

CLOSE_SECONDS: Final = 10.0  # for the client to close its side, once it has read the rest


class UpgradedConnection(TakenConnection[Duplex]):
    """The protocol of a transport after the switch. It implements `DuplexConnection` (see `take_over.py`).

    `http`: the protocol from which the connection is taken over. `behind`: data that came with the request for the switch; the
    application receives it after this call.
    """

    __slots__ = ("_has_ended", "_is_held")

    def __init__(self, http: StreamProtocol, duplex: Duplex, behind: bytes | memoryview) -> None:
        super().__init__(
            http.transport, http.server_state, duplex, http.config.timetable, is_full=http.flow.write_paused
        )
        self._has_ended = False
        self._is_held = False
        if behind or self._is_full:
            http.loop.call_soon(self._begin, bytes(behind))

    def _begin(self, behind: bytes) -> None:
        if behind:
            self.data_received(behind)
        self._read_or_wait()

    # `DuplexConnection` in `app/server/take_over.py`

    def end(self, data: bytes) -> None:
        self._has_ended = True
        self.transport.write(data)
        self.transport.write_eof()
        if not self._is_full:
            self._timetable.set(self, CLOSE_SECONDS)
        self._read_or_wait()

    def pause_reading(self) -> None:
        self._is_held = True
        self._read_or_wait()

    def resume_reading(self) -> None:
        self._is_held = False
        self._read_or_wait()

    def _read_or_wait(self) -> None:
        """Read from the transport only while the application takes data and the client takes what it was sent.

        Otherwise a client that sends and does not read would have the responses pile up in memory. After the end there are no more
        responses, and the client's end is noticed only by reading.
        """
        if self.transport.is_closing():
            return
        reads = self._has_ended or not (self._is_held or self._is_full)
        if reads and not self.transport.is_reading():
            self.transport.resume_reading()
        elif not reads and self.transport.is_reading():
            self.transport.pause_reading()

    # Callbacks of the transport

    def data_received(self, data: bytes) -> None:
        if self._application is not None and not self._has_ended:
            self._application.received(data)

    def eof_received(self) -> bool:
        return False  # a client that closes its side without a farewell of its protocol has gone

    def pause_writing(self) -> None:
        super().pause_writing()
        self._read_or_wait()

    def resume_writing(self) -> None:
        self._is_full = False
        if self._has_ended:
            self._timetable.set(self, CLOSE_SECONDS)
        else:
            self._timetable.clear(self)
        self._read_or_wait()
        if self._application is not None and not self._has_ended:
            self._application.writable()
