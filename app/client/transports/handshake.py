"""How a WebSocket connection to a server is made: its URL, its headers, and what a refusal means."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final

import httpx
from websockets import Close
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException

from ..endpoint import Endpoint, uses_proxies, verify
from ..errors import OrdersError, UnexpectedAnswer
from ..protocol.retries import TransientError
from ..protocol.server_response import ServerResponse
from ..protocol.websocket_messages import SUBPROTOCOL, closed, refusal
from .event_source import MAX_EVENT_BYTES

CLOSE_SECONDS: Final = 2.0  # a server that does not answer a close is left
FAILURES: Final = (OSError, EOFError, TimeoutError, WebSocketException)

# What each transport sends itself, and what is for a response with a body.
_NOT_PASSED_ON: Final = frozenset(
    {"host", "connection", "accept", "accept-encoding", "user-agent", "content-type", "content-length"}
)


def connect_options(
    endpoint: Endpoint,
    http: httpx.Client | httpx.AsyncClient,
    certificates: ssl.SSLContext | None,
    authorization: Mapping[str, str],
) -> dict[str, Any]:
    """Return the arguments of `websockets.connect`.

    `http`: its headers and cookies are sent, so that credentials count for every transport. `authorization`: the header of the access
    token.
    """
    uri = f"ws{endpoint.url.removeprefix('http')}/events/orders/socket"
    context = verify(endpoint.url, certificates)
    return {
        "uri": uri,
        "subprotocols": [SUBPROTOCOL],
        "additional_headers": passed_on(http, endpoint.url, authorization),
        "user_agent_header": endpoint.agent,
        "proxy": True if uses_proxies(endpoint.url) else None,
        "open_timeout": endpoint.connect_seconds,
        "close_timeout": CLOSE_SECONDS,
        "ping_interval": None,  # a server sends heartbeats, and each read has a time limit
        "max_size": MAX_EVENT_BYTES,
        **({"ssl": context} if isinstance(context, ssl.SSLContext) else {}),
    }


def passed_on(
    http: httpx.Client | httpx.AsyncClient, url: str, authorization: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return the headers that an HTTP client would send to `url`, such as credentials and cookies, for another transport to send them.

    `authorization`: the header of the access token, which replaces the client's own credentials.
    """
    request = http.build_request("GET", url, headers=authorization)
    return [(name, value) for name, value in request.headers.multi_items() if name not in _NOT_PASSED_ON]


def check_subprotocol(chosen: str | None) -> None:
    """Raise UnexpectedAnswer if the server did not choose the subprotocol."""
    if chosen != SUBPROTOCOL:
        raise UnexpectedAnswer(f"The server does not speak {SUBPROTOCOL}.")


def failed(endpoint: Endpoint, error: BaseException) -> TransientError | OrdersError:
    """Return the error for a connection that could not be made, or ended."""
    match error:
        case InvalidStatus(response=response):
            body = bytes(response.body or b"")
            headers = httpx.Headers(list(response.headers.raw_items()))
            return refusal(ServerResponse(response.status_code, response.reason_phrase, headers, body))
        case ConnectionClosed(rcvd=Close(code=code, reason=text)):
            return closed(endpoint.url, code, text)
        case ConnectionClosed():
            return TransientError(f"{endpoint.url} ended the connection.")
        case InvalidHandshake() if not isinstance(error.__cause__, (OSError, EOFError)):
            return UnexpectedAnswer(f"The server does not speak WebSocket here: {error}.")
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return TransientError(f"No answer from {endpoint.url} ({reason}).")
