"""What all connections have in common that the application has taken over from the server."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

from uvicorn.server import ServerState

from app.server.take_over import Callbacks

Application = TypeVar("Application", bound=Callbacks)


class TakenConnection(asyncio.Protocol, Generic[Application]):
    """The protocol of a transport that the application writes to directly, and what `Connection` and `DuplexConnection` (see
    `take_over.py`) have in common.

    `application`: its methods are called until it is None. `is_full`: whether the transport has called `pause_writing` last, and
    not `resume_writing`.
    """

    __slots__ = ("_application", "_is_full", "_server_state", "transport")

    def __init__(
        self, transport: asyncio.Transport, server_state: ServerState, application: Application, *, is_full: bool
    ) -> None:
        self.transport = transport
        self._application: Application | None = application
        self._is_full = is_full
        self._server_state = server_state
        server_state.connections.add(self)  # type: ignore[arg-type]  # all that uvicorn's server uses of one
        transport.set_protocol(self)

    def write(self, data: bytes) -> bool:
        self.transport.write(data)
        return not self._is_full

    # Called by uvicorn's server

    def shutdown(self) -> None:
        self.transport.close()

    # Callbacks of the transport

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        if self._application is not None:
            self._application.writable()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the cause makes no difference
        self._server_state.connections.discard(self)
        application, self._application = self._application, None
        if application is not None:
            application.lost()
