"""What all connections have in common that the application has taken over from the server."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

from uvicorn.server import ServerState

from app.server.connections.slow_reader import await_reader, cut_if_stalled
from app.server.connections.timetable import NEVER, Timetable
from app.server.take_over import Callbacks

Application = TypeVar("Application", bound=Callbacks)


class TakenConnection(asyncio.Protocol, Generic[Application]):
    """The protocol of a transport that the application writes to directly, and what `Connection` and `DuplexConnection` (see
    `take_over.py`) have in common.

    `application`: its methods are called until it is None. `is_full`: whether the transport has called `pause_writing` last, and
    not `resume_writing`. `timetable`: the deadlines of the server; a client that has stopped reading is cut.
    """

    __slots__ = ("_application", "_is_full", "_server_state", "_timetable", "_unsent_bytes", "due_second", "transport")

    def __init__(
        self,
        transport: asyncio.Transport,
        server_state: ServerState,
        application: Application,
        timetable: Timetable,
        *,
        is_full: bool,
    ) -> None:
        self.transport = transport
        self._application: Application | None = application
        self._is_full = is_full
        self._server_state = server_state
        server_state.connections.add(self)  # type: ignore[arg-type]  # all that uvicorn's server uses of one
        transport.set_protocol(self)
        self._timetable = timetable
        self.due_second = NEVER
        self._unsent_bytes = await_reader(timetable, self, transport) if is_full else 0

    def write(self, data: bytes) -> bool:
        self.transport.write(data)
        return not self._is_full

    def on_deadline(self) -> None:
        """Close the connection if its client has stopped reading."""
        self._unsent_bytes = cut_if_stalled(self._timetable, self, self.transport, self._unsent_bytes)

    # Called by uvicorn's server

    def shutdown(self) -> None:
        self.transport.close()

    # Callbacks of the transport

    def pause_writing(self) -> None:
        self._is_full = True
        self._unsent_bytes = await_reader(self._timetable, self, self.transport)

    def resume_writing(self) -> None:
        self._is_full = False
        self._timetable.clear(self)
        if self._application is not None:
            self._application.writable()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the cause makes no difference
        self._timetable.clear(self)
        self._server_state.connections.discard(self)
        application, self._application = self._application, None
        if application is not None:
            application.lost()
