"""The request that opens a WebSocket connection: check it, and switch (RFC 6455 §4.2)."""

from __future__ import annotations

import base64
from collections.abc import Collection
from typing import Final

from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from websockets.utils import accept_key

from app.access.client import Client
from app.server.take_over import TAKE_OVER
from app.transports.http.requests.parameters import InvalidParameters, ParameterViolation, header_values
from app.transports.http.sessions.same_origin import is_allowed_origin
from app.transports.http.upgrade import UpgradeRequired
from app.transports.websocket.errors import OriginNotAllowed, UpgradeUnavailable
from app.transports.websocket.messages.permessage_deflate import agree_on_deflate
from app.transports.websocket.session import Session
from app.transports.websocket.sockets import Sockets

VERSION: Final = "13"
_KEY_BYTES: Final = 16


def check_handshake(request: Request, subprotocol: str, origins: Collection[str]) -> None:
    """Check that a request may open a WebSocket connection.

    `subprotocol`: the client must offer it. `origins`: the origins whose web pages may open connections, beside the server's own.
    Raises UpgradeRequired, InvalidParameters, OriginNotAllowed, or UpgradeUnavailable if the server cannot switch.
    """
    scope = request.scope
    is_offer = _lists(scope, b"upgrade", "websocket") and _lists(scope, b"connection", "upgrade")
    if not is_offer or _one(scope, b"sec-websocket-version") != VERSION:
        raise UpgradeRequired
    violations = []
    if not _is_key(_one(scope, b"sec-websocket-key")):
        violations.append(ParameterViolation("header", "Sec-WebSocket-Key", "must be 16 bytes in Base64"))
    if subprotocol not in _listed(scope, b"sec-websocket-protocol"):
        violations.append(ParameterViolation("header", "Sec-WebSocket-Protocol", f"must contain {subprotocol}"))
    if violations:
        raise InvalidParameters(violations)
    origin = _one(scope, b"origin")
    if origin and not is_allowed_origin(origin, _one(scope, b"host"), origins):
        raise OriginNotAllowed
    if "upgrade" not in scope.get("extensions", {}).get(TAKE_OVER, {}):
        raise UpgradeUnavailable


class WebSocketResponse:
    """An ASGI application that switches the connection of a request to WebSocket. The request was checked before.

    It returns at once; the connection goes on. `client`: the sender of the request.
    """

    def __init__(self, sockets: Sockets, client: Client) -> None:
        self._sockets = sockets
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # the signature of ASGI
        (key,) = header_values(scope, b"sec-websocket-key")
        sockets = self._sockets
        offers = header_values(scope, b"sec-websocket-extensions")
        extension = agree_on_deflate(offers) if sockets.compress else None
        session = Session(sockets, sockets.steps.start if extension else None, self._client)
        headers = [
            (b"upgrade", b"websocket"),
            (b"connection", b"Upgrade"),
            (b"sec-websocket-accept", accept_key(key).encode()),
            (b"sec-websocket-protocol", sockets.contract.subprotocol.encode()),
        ]
        if extension:
            headers.append((b"sec-websocket-extensions", extension.encode()))
        session.connection = scope["extensions"][TAKE_OVER]["upgrade"](headers, session)
        sockets.add(session)


def _listed(scope: Scope, name: bytes) -> list[str]:
    """Return the items of a header that is a list."""
    return [item.strip() for value in header_values(scope, name) for item in value.split(",")]


def _lists(scope: Scope, name: bytes, item: str) -> bool:
    """Return whether a header that is a list has an item, in upper or lower case. `item`: in lower case."""
    return item in {each.lower() for each in _listed(scope, name)}


def _one(scope: Scope, name: bytes) -> str:
    """Return the value of a header that was sent once; an empty text if it was not."""
    values = header_values(scope, name)
    return values[0] if len(values) == 1 else ""


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except ValueError:
        return False
