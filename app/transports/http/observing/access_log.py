"""The access log: one line for each HTTP request, and the id by which the lines of one request are found."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.client import Client, described_client
from app.access.principal import ANONYMOUS, Principal
from app.diagnostics.formats import request_fields
from app.server.take_over import TAKE_OVER
from app.transports.http.requests.parameters import header_values
from app.transports.http.security import PRINCIPAL

MAX_PATH_CHARACTERS: Final = 200
SWITCHING_PROTOCOLS: Final = 101
_REQUEST_ID: Final = re.compile(r"[0-9A-Za-z_.:/+=-]{1,64}")
_KEY: Final = "orders_events.request_id"

_log = logging.getLogger(__name__)


def request_id(scope: Scope) -> str:
    """Return the id of a request: the value of its header X-Request-Id, which proxies add; a random one if that is malformed or missing."""
    known: str | None = scope.get(_KEY)
    if known is None:
        sent = ",".join(header_values(scope, b"x-request-id"))
        known = scope[_KEY] = sent if _REQUEST_ID.fullmatch(sent) else uuid4().hex
    return known


def described(scope: Scope) -> dict[str, object]:
    """Return what the log says of a request: method, path, client, request id, and the pseudonym of its sender if it has a token.

    The query is never logged, because it may contain a secret.
    """
    peer = scope.get("client")
    sender = scope.get("extensions", {}).get(PRINCIPAL)
    client = Client(sender if isinstance(sender, Principal) else ANONYMOUS, peer[0] if peer else None)
    return {
        "method": scope["method"],
        "path": scope["path"][:MAX_PATH_CHARACTERS],
        "request_id": request_id(scope),
        **described_client(client),
    }


def with_access_log(application: ASGIApp) -> ASGIApp:
    """Return the application with an access log.

    The line of a request is written when its response has been sent; for a stream, when the stream has begun; for a connection that
    switches to WebSocket, when it has switched.
    """

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        status = 0  # of a client that has disconnected before its response began

        def note(answered: int) -> None:
            nonlocal status
            status = answered

        async def send_noting_status(message: Message) -> None:
            if message["type"] == "http.response.start":
                note(message["status"])
            await send(message)

        _note_upgrade(scope, note)
        began = time.perf_counter()
        token = request_fields.set({"request_id": request_id(scope)})
        try:
            await application(scope, receive, send_noting_status)
        finally:
            request_fields.reset(token)
            seconds = round(time.perf_counter() - began, 6)
            _log.info("Request.", extra={"fields": {**described(scope), "status": status, "seconds": seconds}})

    return logged


def _note_upgrade(scope: Scope, note: Callable[[int], None]) -> None:
    """Let the status be noted if the connection of a request switches to another protocol, for which no ASGI message is sent."""
    take_over = scope.get("extensions", {}).get(TAKE_OVER, {})
    upgrade = take_over.get("upgrade")
    if upgrade is None:
        return

    def noted(*arguments: Any) -> Any:
        note(SWITCHING_PROTOCOLS)
        return upgrade(*arguments)

    take_over["upgrade"] = noted
