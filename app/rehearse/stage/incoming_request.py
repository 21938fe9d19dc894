"""A request as it comes from a connection. Read by hand, because the answers break HTTP in ways that no server library allows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl, urlsplit

from app.events.filter import Filter, filter_of
from app.events.log.start import NotAnInstant, StartRequest, read_start
from app.rehearse.observed.observations import Form
from app.rehearse.stage.pieces import own_id
from app.specification.contracts import Contracts
from app.transports.http.requests.negotiation import NotAcceptable, choose_media_type
from app.transports.http.streaming.sse import MEDIA_TYPE

MOST_BODY_BYTES: Final = 16 * 2**20

_PAGE: Final = "application/json"
_OFFERED: Final = {"/events/orders": (MEDIA_TYPE, _PAGE), "/events/orders/page": (_PAGE,)}
_MOST_WAIT_SECONDS: Final = 30
_HEAD_END: Final = b"\r\n\r\n"
_NOT_PASSED_ON: Final = frozenset(
    {"connection", "keep-alive", "upgrade", "expect", "transfer-encoding", "content-length"}
)


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
        if self.method != "GET" or self.path not in _OFFERED:
            return None
        try:
            media_type = choose_media_type(self.headers.get("accept", ""), _OFFERED[self.path])
        except NotAcceptable:
            return None
        if media_type != MEDIA_TYPE:
            return Form.PAGE
        return Form.STORED if self.first("follow") == "false" else Form.FOLLOWED

    @property
    def other_transport(self) -> str:
        """The name of the transport that the client speaks; empty for HTTP/1.1."""
        if self.method == "PRI":  # the preface of RFC 9113 §3.4
            return "HTTP/2, as gRPC does"
        return "WebSocket" if self.headers.get("upgrade", "").lower() == "websocket" else ""

    @property
    def is_of_page(self) -> bool:
        """Whether a web page asks: only browsers send this field (https://w3c.github.io/webappsec-fetch-metadata/)."""
        return "sec-fetch-site" in self.headers

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

    def filter(self, contracts: Contracts) -> Filter:
        """Return what the client is to be sent, in the major version that it has pinned."""
        pin = self.first("majorVersion") or ""
        types = [each for text in self.all("eventTypes") for each in text.split(",")]
        orders = [each for text in self.all("orderId") for each in text.split(",")]
        return filter_of(types or None, orders or None, contracts.reading(int(pin) if pin.isdecimal() else None))

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.query if each == name]

    def first(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def passed_on(self) -> bytes:
        """Return the bytes of the same request for a connection that carries no other one."""
        headers = {name: value for name, value in self.headers.items() if name not in _NOT_PASSED_ON}
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        lines += [f"content-length: {len(self.body)}"] if self.body else []
        return "\r\n".join([*lines, "connection: close"]).encode("latin-1") + _HEAD_END + self.body


async def read_request(reader: asyncio.StreamReader) -> IncomingRequest | None:
    """Read a request with its body; None if the connection ends, or brings something else."""
    try:
        head = (await reader.readuntil(_HEAD_END)).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await _read_body(reader, headers)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, ConnectionError):
        return None
    url = urlsplit(target)
    return IncomingRequest(method, target, url.path, tuple(parse_qsl(url.query)), headers, body)


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    """Read a body by its length or, as of clients that do not know it before, in chunks (RFC 9112 §7.1). Raises ValueError if it is neither."""
    if "chunked" not in headers.get("transfer-encoding", ""):
        return await reader.readexactly(min(int(headers.get("content-length", "0")), MOST_BODY_BYTES))
    body = bytearray()
    while length := int((await reader.readline()).partition(b";")[0], 16):
        body += await reader.readexactly(min(length, MOST_BODY_BYTES - len(body)))
        await reader.readline()
    while (await reader.readline()).strip():
        pass  # a trailer has nothing to say
    return bytes(body)
