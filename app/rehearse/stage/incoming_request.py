"""A request as it comes from a connection. Read by hand, because the answers break HTTP in ways that no server library allows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl, urlsplit

from app.events.filter import Filter, filter_of
from app.events.log.start import NotAnInstant, StartRequest, read_start
from app.rehearse.seen import Form
from app.rehearse.stage.pieces import own_id

STREAM_PATH: Final = "/events/orders"
PAGE_PATH: Final = "/events/orders/page"
MOST_BODY_BYTES: Final = 16 * 2**20

_MOST_WAIT_SECONDS: Final = 30
_HEAD_END: Final = b"\r\n\r\n"
_NOT_PASSED_ON: Final = frozenset({"connection", "keep-alive", "upgrade", "expect"})


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """A request: its method, its path, the pairs of its query, and its headers with names in lower case."""

    method: str
    target: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> Form | None:
        """What the client asks for; None if that is no events."""
        accept = self.headers.get("accept", "*/*")
        takes_stream = "text/event-stream" in accept or "*/*" in accept
        if self.method != "GET" or self.path not in (STREAM_PATH, PAGE_PATH):
            return None
        if self.path == PAGE_PATH or not takes_stream:
            return Form.PAGE if "json" in accept or "*/*" in accept else None
        return Form.STORED if self.first("follow") == "false" else Form.FOLLOWED

    @property
    def other_transport(self) -> str:
        """The name of the transport that the client speaks; empty for HTTP/1.1."""
        if self.method == "PRI":  # the preface of RFC 9113 §3.4
            return "HTTP/2, as gRPC does"
        return "WebSocket" if self.headers.get("upgrade", "").lower() == "websocket" else ""

    @property
    def last_event_id(self) -> str | None:
        """The id after which to resume; the header goes first, and an empty id is none."""
        return self.headers.get("last-event-id") or self.first("lastEventId") or None

    @property
    def start(self) -> StartRequest | None:
        """The place where the client wants to begin; None if it is not one, which the server behind says."""
        origin: Literal["latest", "earliest"] = "earliest" if self.first("from") == "earliest" else "latest"
        try:
            return read_start(own_id(self.last_event_id), self.first("since"), origin)
        except NotAnInstant:
            return None

    @property
    def limit(self) -> int | None:
        """The number of events after which to end; None if there is none. That of a page is at least 1."""
        limit = self.first("limit") or ""
        return max(1, int(limit)) if limit.isdecimal() else None

    @property
    def wait_seconds(self) -> int:
        wait = self.first("wait") or ""
        return min(int(wait), _MOST_WAIT_SECONDS) if wait.isdecimal() else 0

    @property
    def filter(self) -> Filter:
        types = [each for text in self.all("eventTypes") for each in text.split(",")]
        orders = [each for text in self.all("orderId") for each in text.split(",")]
        return filter_of(types or None, orders or None)

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.query if each == name]

    def first(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def passed_on(self) -> bytes:
        """Return the bytes of the same request for a connection that carries no other one."""
        headers = {name: value for name, value in self.headers.items() if name not in _NOT_PASSED_ON}
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "connection: close"]).encode("latin-1") + _HEAD_END + self.body


async def read_request(reader: asyncio.StreamReader) -> IncomingRequest | None:
    """Read a request with its body; None if the connection ends, or brings something else. A body must have a Content-Length."""
    try:
        head = (await reader.readuntil(_HEAD_END)).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = min(int(headers.get("content-length", "0")), MOST_BODY_BYTES)
        body = await reader.readexactly(length)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, ConnectionError):
        return None
    url = urlsplit(target)
    return IncomingRequest(method, target, url.path, tuple(parse_qsl(url.query)), headers, body)
