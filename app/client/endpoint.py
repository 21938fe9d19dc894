"""A server's URL, and everything about HTTP: requests, bodies, timeouts, proxies, and requests that get no response."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import httpx

from .bearer_token import BearerToken
from .protocol.retries import TransientError
from .protocol.server_response import ServerResponse
from .protocol.stream_options import StreamRequest

MAX_BODY_BYTES: Final = 16 * 2**20
"""How much of a response body is read at most, so that an endless body does not fill the memory. Event streams are not limited."""

HTTP_SCHEMES: Final = ("http", "https")
GRPC_SCHEMES: Final = ("grpc", "grpcs")

_EVENTS_PATH: Final = "/events/orders"
_SILENCE_SECONDS: Final = 30.0  # the contract: twice the time between two heartbeats
_ANSWER_SECONDS: Final = 60.0  # a server with a busy disk may take long to answer a publisher
_CONNECT_SECONDS: Final = 10.0
# `max_connections`: without a limit, because each open stream occupies a connection. `keepalive_expiry`: many servers, uvicorn among
# them, close a connection that was idle for 5 seconds. The default of httpx is 5 seconds, too: a request could be sent on a
# connection that the server is closing. So an idle connection is used for 2 seconds only.
_LIMITS: Final = httpx.Limits(max_connections=None, keepalive_expiry=2)
# This folder belongs to two distributions: to the server's, as `app.client`, and to the client's, which contains nothing else.
DISTRIBUTION: Final = "orders-events" if __name__.startswith("app.") else "orders-events-client"
_EXAMPLES: Final = {"http": "http://127.0.0.1:8000", "grpc": "grpc://127.0.0.1:50051"}
_PERMANENT: Final = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.TooManyRedirects)


class Endpoint:
    """The URL of one server, and the HTTP requests that are sent to this server.

    `url`: the URL, such as http://127.0.0.1:8000. Raises ValueError if it is not a URL.
    `token`: the token that each request carries.
    `silence_seconds`: the time without a byte on a stream after which its connection counts as broken; default: 30. Raises ValueError
        if it is not more than 0.
    `schemes`: the schemes that the URL may have.
    """

    def __init__(
        self,
        url: str,
        token: BearerToken,
        silence_seconds: float | None = None,
        schemes: tuple[str, ...] = HTTP_SCHEMES,
    ) -> None:
        self.url = checked_url(url, schemes)
        self.token = token
        self._events_url = f"{self.url}{_EVENTS_PATH}"
        self.silence_seconds = _SILENCE_SECONDS if silence_seconds is None else silence_seconds
        if not self.silence_seconds > 0:  # nan compares as false
            raise ValueError(
                f"A silence of {silence_seconds!r} seconds breaks every connection; it must be more than 0."
            )
        self.answer_seconds = _ANSWER_SECONDS
        self.connect_seconds = min(self.silence_seconds, _CONNECT_SECONDS)
        self.agent = f"orders-events/{_version()}"

    def stream_request(
        self, http: httpx.Client | httpx.AsyncClient, request: StreamRequest, authorization: Mapping[str, str]
    ) -> httpx.Request:
        """Build the HTTP request for a stream. `authorization`: the header of the access token."""
        headers = {"User-Agent": self.agent, **request.headers, **authorization}
        return http.build_request(
            "GET", self._events_url, params=request.query, headers=headers, timeout=_timeout(self.silence_seconds)
        )

    def publish_request(
        self, http: httpx.Client | httpx.AsyncClient, body: bytes, authorization: Mapping[str, str]
    ) -> httpx.Request:
        """Build the HTTP request that publishes events. `authorization`: the header of the access token."""
        headers = {"User-Agent": self.agent, "Content-Type": "application/json", **authorization}
        return http.build_request(
            "POST", self._events_url, content=body, headers=headers, timeout=_timeout(self.answer_seconds)
        )

    def stream_ended(self) -> TransientError:
        """Build the error for a stream that the server ended without sending a reason."""
        return TransientError(f"{self.url} ended the stream.")

    def no_answer(self, error: httpx.RequestError) -> TransientError:
        """Build the error for a request that got no response. Raises `error` itself if another attempt cannot succeed."""
        if isinstance(error, _PERMANENT):
            raise error
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return TransientError(f"No answer from {self.url} ({reason}).")


def new_client(url: str, certificates: ssl.SSLContext | None) -> httpx.Client:
    """Make a synchronous HTTP client for requests to `url`.

    `certificates`: the certificates to trust; None: those that the environment variables SSL_CERT_FILE or SSL_CERT_DIR point to,
    else those of the public authorities. Raises ValueError if certificates cannot be read.
    """
    return httpx.Client(trust_env=uses_proxies(url), limits=_LIMITS, verify=verify(url, certificates))


def new_async_client(url: str, certificates: ssl.SSLContext | None) -> httpx.AsyncClient:
    """Make an asynchronous HTTP client for requests to `url`. The arguments are those of `new_client`."""
    return httpx.AsyncClient(trust_env=uses_proxies(url), limits=_LIMITS, verify=verify(url, certificates))


def checked_url(text: str, schemes: tuple[str, ...] = HTTP_SCHEMES) -> str:
    """Return the URL of a server without a slash at the end. Raises ValueError if the string is not such a URL."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    has_path = schemes == GRPC_SCHEMES and url.path not in ("", "/")
    if url.scheme not in schemes or not url.host or url.query or url.fragment or has_path:
        raise ValueError(f"{text!r} is not a URL such as {_EXAMPLES[schemes[0]]}.")
    return text.rstrip("/")


def server_response(response: httpx.Response, body: bytes = b"") -> ServerResponse:
    """Convert a response of httpx and its body into a `ServerResponse`."""
    return ServerResponse(response.status_code, response.reason_phrase, response.headers, body)


def read_body(response: httpx.Response) -> bytes:
    """Read the body of a response with blocking I/O. Reading stops after `MAX_BODY_BYTES`."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            break
    return bytes(body)


async def read_body_async(response: httpx.Response) -> bytes:
    """Read the body of a response with asyncio. Reading stops after `MAX_BODY_BYTES`."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            break
    return bytes(body)


def verify(url: str, certificates: ssl.SSLContext | None) -> ssl.SSLContext | bool:
    """Return what to trust of a server at `url`, as the argument `verify` of httpx. The arguments are those of `new_client`."""
    if certificates is not None or not url.startswith(("https:", "grpcs:")):
        return certificates or True
    try:
        # Read SSL_CERT_FILE and SSL_CERT_DIR here: with `trust_env=False`, httpx would ignore them together with the proxy variables.
        return httpx.create_ssl_context(trust_env=True)
    except OSError as error:
        raise ValueError(
            f"The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: {error}."
        ) from None


def uses_proxies(url: str) -> bool:
    """Return whether the proxies of the environment (HTTPS_PROXY and the like) count: not for a server on this machine."""
    host = httpx.URL(url).host
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")


def _version() -> str:
    # "unknown" if the package is run from its source folder without being installed
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))
