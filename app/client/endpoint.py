"""A server's address, and everything about HTTP: requests, bodies, timeouts, proxies, and failures to get an answer."""

from __future__ import annotations

import ipaddress
import ssl
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import httpx

from .protocol.retries import TransientError
from .protocol.server_response import ServerResponse
from .protocol.stream_options import StreamRequest

MAX_BODY_BYTES: Final = 16 * 2**20
"""The limit for a body that is not an event stream; a stream that is sent with an error status would have no end."""

_EVENTS_PATH: Final = "/events/orders"
_SILENCE_SECONDS: Final = 45.0  # three heartbeats of a server with default settings: a stream silent for longer is dead
_ANSWER_SECONDS: Final = 60.0  # a server that is busy with its disk may take a while to answer a publisher
_CONNECT_SECONDS: Final = 10.0
# Each stream holds a connection for as long as it lasts. Many servers, uvicorn among them, close a connection that was idle for 5
# seconds. httpx would keep it as long, and a request might be sent at the moment of closing, so it keeps it for less.
_LIMITS: Final = httpx.Limits(max_connections=None, keepalive_expiry=2)
# This folder is part of the server, and the whole of the client that is installed alone.
_DISTRIBUTION: Final = "orders-events" if __name__.startswith("app.") else "orders-events-client"
_PERMANENT: Final = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.TooManyRedirects)


class Endpoint:
    """The address of one server, and the requests that are sent to it.

    `url`: the server's address, such as http://127.0.0.1:8000. Raises ValueError if it is not one.
    `silence_seconds`: how long a stream may be silent before the connection counts as broken; default: 45.
    """

    def __init__(self, url: str, silence_seconds: float | None = None) -> None:
        self.url = checked_url(url)
        self._events_url = f"{self.url}{_EVENTS_PATH}"
        self._silence = _timeout(_SILENCE_SECONDS if silence_seconds is None else silence_seconds)
        self._answer = _timeout(_ANSWER_SECONDS)
        self._agent = f"orders-events/{_version()}"

    def stream_request(self, http: httpx.Client | httpx.AsyncClient, request: StreamRequest) -> httpx.Request:
        """Make the HTTP request for a stream."""
        headers = {"User-Agent": self._agent, **request.headers}
        return http.build_request("GET", self._events_url, params=request.query, headers=headers, timeout=self._silence)

    def publish_request(self, http: httpx.Client | httpx.AsyncClient, body: bytes) -> httpx.Request:
        """Make the HTTP request that publishes events."""
        headers = {"User-Agent": self._agent, "Content-Type": "application/json"}
        return http.build_request("POST", self._events_url, content=body, headers=headers, timeout=self._answer)

    def stream_ended(self) -> TransientError:
        """Make the error for a stream that the server ended without saying why."""
        return TransientError(f"{self.url} ended the stream.")

    def no_answer(self, error: httpx.RequestError) -> TransientError:
        """Make the error for a request without an answer, in one sentence. Raises `error` if another attempt cannot succeed."""
        if isinstance(error, _PERMANENT):
            raise error
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return TransientError(f"No answer from {self.url} ({reason}).")


def new_client(url: str, certificates: ssl.SSLContext | None) -> httpx.Client:
    """Make an HTTP client for threads. `certificates`: see `OrdersClient`."""
    return httpx.Client(trust_env=_uses_proxies(url), limits=_LIMITS, verify=_verify(url, certificates))


def new_async_client(url: str, certificates: ssl.SSLContext | None) -> httpx.AsyncClient:
    """Make an HTTP client for asyncio. `certificates`: see `OrdersClient`."""
    return httpx.AsyncClient(trust_env=_uses_proxies(url), limits=_LIMITS, verify=_verify(url, certificates))


def checked_url(text: str) -> str:
    """Return the address of a server without the slash at its end. Raises ValueError if the text is not one."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise ValueError(f"{text!r} is not a URL such as http://127.0.0.1:8000.")
    return text.rstrip("/")


def server_response(response: httpx.Response, body: bytes = b"") -> ServerResponse:
    """Return a response as a value."""
    return ServerResponse(response.status_code, response.reason_phrase, response.headers, body)


def read_body(response: httpx.Response) -> bytes:
    """Read the body of a response with blocking I/O, up to the first bytes that are too many."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            break
    return bytes(body)


async def read_body_async(response: httpx.Response) -> bytes:
    """Read the body of a response with asyncio, up to the first bytes that are too many."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            break
    return bytes(body)


def _version() -> str:
    # "unknown" if it runs without being installed
    try:
        return version(_DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))


def _verify(url: str, certificates: ssl.SSLContext | None) -> ssl.SSLContext | bool:
    if certificates is not None or not url.startswith("https:"):
        return certificates or True
    try:
        # An httpx client that ignores the proxies of the environment would ignore SSL_CERT_FILE and SSL_CERT_DIR as well.
        return httpx.create_ssl_context(trust_env=True)
    except OSError as error:
        raise ValueError(
            f"The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: {error}."
        ) from None


def _uses_proxies(url: str) -> bool:
    # The proxies that the environment names are for other machines than this one.
    host = httpx.URL(url).host
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")
