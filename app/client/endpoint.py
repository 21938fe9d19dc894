"""How a client speaks HTTP: addresses, headers, proxies, timeouts, and why there was no answer."""

from __future__ import annotations

import ipaddress
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import httpx
from httpx_sse import EventSource

from .protocol.reading import Ask
from .protocol.retries import Trouble
from .protocol.server_response import Answer

_EVENTS_PATH: Final = "/events/orders"
_SILENCE_SECONDS: Final = 45.0  # three heartbeats of a server with default settings: a stream silent for longer is dead
_ANSWER_SECONDS: Final = 60.0  # a server that is busy with its disk may take a while to answer a publisher
_CONNECT_SECONDS: Final = 10.0
# Each stream holds a connection for as long as it lasts; and many servers, uvicorn among them, close what has been idle for 5
# seconds, as httpx would: a request might be lost between the two.
_LIMITS: Final = httpx.Limits(max_connections=None, keepalive_expiry=2)
# This folder is part of the server, and the whole of the client that is installed alone.
_DISTRIBUTION: Final = "orders-events" if __name__.startswith("app.") else "orders-events-client"
_PERMANENT: Final = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.TooManyRedirects)


class Connection:
    """What is to be known of one server in order to send it requests. Raises ValueError where its URL is none."""

    def __init__(self, url: str, silence_seconds: float | None = None) -> None:
        self.url = checked_url(url)
        self._events_url = f"{self.url}{_EVENTS_PATH}"
        self._silence = _timeout(_SILENCE_SECONDS if silence_seconds is None else silence_seconds)
        self._answer = _timeout(_ANSWER_SECONDS)
        self._agent = f"orders-events/{program_version()}"

    def subscription(self, http: httpx.Client | httpx.AsyncClient, ask: Ask) -> httpx.Request:
        """Make a request for a stream."""
        headers = {"User-Agent": self._agent, **ask.headers}
        return http.build_request("GET", self._events_url, params=ask.query, headers=headers, timeout=self._silence)

    def publication(self, http: httpx.Client | httpx.AsyncClient, body: bytes) -> httpx.Request:
        """Make a request that publishes."""
        headers = {"User-Agent": self._agent, "Content-Type": "application/json"}
        return http.build_request("POST", self._events_url, content=body, headers=headers, timeout=self._answer)

    def ended(self) -> Trouble:
        """Say that a stream is over."""
        return Trouble(f"{self.url} ended the stream.")

    def silence(self, error: httpx.RequestError) -> Trouble:
        """Say in one sentence why there was no answer. Raises the error where trying again cannot help."""
        if isinstance(error, _PERMANENT):
            raise error
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return Trouble(f"No answer from {self.url} ({reason}).")


def new_client(url: str) -> httpx.Client:
    """Make a client for threads."""
    return httpx.Client(trust_env=_trusts_environment(url), limits=_LIMITS)


def new_async_client(url: str) -> httpx.AsyncClient:
    """Make a client for asyncio."""
    return httpx.AsyncClient(trust_env=_trusts_environment(url), limits=_LIMITS)


def checked_url(text: str) -> str:
    """Return the address of a server without the slash at its end. Raises ValueError where it is none."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise ValueError(f"{text!r} is not a URL such as http://127.0.0.1:8000.")
    return text.rstrip("/")


def answer_of(response: httpx.Response, body: bytes | bytearray = b"") -> Answer:
    """Make a value of an answer."""
    return Answer(response.status_code, response.reason_phrase, response.headers, bytes(body))


def event_source(response: httpx.Response) -> EventSource:
    """Decode an event stream."""
    # It is UTF-8 whatever its header says: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
    response.headers["Content-Type"] = "text/event-stream; charset=utf-8"
    return EventSource(response)


def program_version() -> str:
    """Return the installed version."""
    try:
        return version(_DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))


def _trusts_environment(url: str) -> bool:
    # The proxies that the environment names are for other machines than this one.
    host = httpx.URL(url).host
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")
