"""The operation that turns a connection into a WebSocket."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from starlette.requests import Request

from app.access.client import Client
from app.access.errors import Unauthenticated
from app.events.log.event_log import EventLog
from app.specification.document import OpenApiDocument
from app.transports.http.security import address_of, client_of
from app.transports.websocket.handshake import WebSocketResponse, check_handshake
from app.transports.websocket.sender import UNKNOWN
from app.transports.websocket.sockets import Sockets


@dataclass(frozen=True)
class SocketOperations:
    """A WebSocket, over which a client reads and publishes events."""

    document: OpenApiDocument
    log: EventLog
    sockets: Sockets
    socket_origins: Collection[str]

    async def open_order_events_socket(self, request: Request) -> WebSocketResponse:
        check_handshake(request, self.document.socket.subprotocol, self.socket_origins)
        self.log.check_accepts_requests()
        try:
            client = client_of(request.scope)
        except Unauthenticated:
            client = Client(UNKNOWN, address_of(request.scope))  # the client sends its token in a message
        return WebSocketResponse(self.sockets, client)
