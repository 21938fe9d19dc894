"""Checks of how a WebSocket connection is opened: by a request, and by an access token, if the operation needs one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.check.checks.websocket.websocket_endings import closes_with
from app.check.findings import Finding
from app.check.request import FOREIGN_ORIGIN, Request
from app.check.target.problem_faults import refused
from app.check.target.target import Target
from app.check.websocket.websocket_client import WebSocketClient

_OFFER: Final = (
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)
_UNAUTHENTICATED: Final[tuple[Mapping[str, Any], ...]] = (
    {"type": "subscribe", "subscription": 1},
    {"type": "authenticate", "token": "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJjaGVjayJ9."},
)


def websocket_refusals(target: Target) -> Iterator[Finding]:
    """A request that does not ask for WebSocket is refused with 426, and one that does not offer the subprotocol with 400.

    This check also offers a subprotocol with a similar name.
    """
    path = WebSocketClient(target).contract.path
    yield from refused(target, Request(path), 426, "A request that does not ask for WebSocket is refused")
    request = Request(path, headers=_OFFER)
    yield from refused(target, request, 400, "A request that does not offer the subprotocol is refused")
    similar = f"{WebSocketClient(target).contract.subprotocol}x"
    request = Request(path, headers=(*_OFFER, ("Sec-WebSocket-Protocol", similar)))
    yield from refused(target, request, 400, "A request that offers another subprotocol is refused")


def websocket_origin(target: Target) -> Iterator[Finding]:
    """A web page of an origin that the operator has not allowed cannot open a connection: 403.

    CORS does not apply to WebSocket, so that the server must decide.
    """
    contract = WebSocketClient(target).contract
    headers = (*_OFFER, ("Sec-WebSocket-Protocol", contract.subprotocol), ("Origin", FOREIGN_ORIGIN))
    yield from refused(target, Request(contract.path, headers=headers), 403, "A page of a foreign origin is refused")


def websocket_token(target: Target) -> Iterator[Finding]:
    """A client that has sent no acceptable access token is sent away with 4401, if the operation needs one.

    This check subscribes without a token, and sends a token that nobody signed. It yields a finding if the connection has another close
    code, or stays open.
    """
    client = WebSocketClient(target)
    for message in _UNAUTHENTICATED if client.contract.needs_token else ():
        with client.open(with_token=False) as conversation:
            conversation.send(message)
            yield from closes_with(conversation, 4401)
