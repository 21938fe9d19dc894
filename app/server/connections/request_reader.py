"""uvicorn's HTTP/1 connection (with the parser httptools), changed to read requests as RFC 9110 and RFC 9112 require.

uvicorn 0.54 with httptools 0.9 alone has these faults:

- A request with an `Upgrade` field (an offer to switch to another protocol) loses its body, and the body is parsed as the next request.
- The parser accepts requests without a `Host` field or with several `Host` fields, requests of HTTP/0.9 and HTTP/2.0, transfer codings
  that are never decoded, and whitespace after field values. It adds trailers to the fields of the head.
- A head that does not end takes twenty times its size of memory, without a limit.
- Each new connection costs two socket objects, made to find the addresses of its two ends.
"""

from __future__ import annotations

import asyncio
from typing import Final, Literal

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.server.connections.request_head import (
    BadRequest,
    Fields,
    check_head,
    origin_form,
    websocket_offer,
    without_offer,
)

# As in most servers. A head that ends within the read that passes this bound is still accepted.
MAX_HEAD_BYTES: Final = 64 * 1024

NOT_HTTP: Final = BadRequest(400, "The request is not well-formed HTTP.")


class RequestReader(HttpToolsProtocol):
    """A connection that reads HTTP requests, and refuses data that is not valid HTTP."""

    _part: Literal["none", "head", "body"] = "none"  # of a request that has been received in part
    _has_progressed = False  # whether the parser completed a part of a message in the present read
    _stalled_bytes = 0  # received in a row without such progress: of a head, of trailers, or empty lines
    _discards = False  # whatever is received from now on
    _body_bytes = 0  # received of the body of the newest request
    _offer: Fields = []  # noqa: RUF012  # the Upgrade fields of the head that is parsed again; never changed in place
    _behind_offer: bytes | memoryview | None = (
        None  # not parsed: it may be of another protocol; None if no offer is open
    )

    @property
    def is_idle(self) -> bool:
        """Whether everything that was received has been read, and no request is received in part."""
        return self._part == "none" and not self._stalled_bytes and not self._behind_offer

    def _refuse(self, fault: BadRequest) -> None:
        """Answer the faulty request that is being read, and discard all data that is received after it. A subclass implements
        this method.
        """
        raise NotImplementedError

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self.connections.add(self)
        self.transport = transport
        self.flow = FlowControl(transport)
        self.server = _address(transport, "sockname")
        self.client = _address(transport, "peername")
        self.scheme = "http"

    def data_received(self, data: bytes | memoryview) -> None:
        if self._discards:
            return
        if self._behind_offer is not None:
            self._withhold(data)
            return
        self._has_progressed = False
        try:
            behind_offer = self._parse(data)
            while behind_offer is not None and not self._consider_offer(behind_offer):
                behind_offer = self._parse(behind_offer)
        except httptools.HttpParserError as error:
            fault = error.__context__  # the exception of a callback, if one was raised
            self._refuse(fault if isinstance(fault, BadRequest) else NOT_HTTP)
            return
        self._stalled_bytes = 0 if self._has_progressed else self._stalled_bytes + len(data)
        if self._stalled_bytes > MAX_HEAD_BYTES:
            self._refuse(BadRequest(431, f"The head of the request is longer than {MAX_HEAD_BYTES} bytes."))

    def _parse(self, data: bytes | memoryview) -> memoryview | None:
        """Parse received data. Stop after the head of a request that has an `Upgrade` field.

        Returns the data after that head; None if all data was parsed.
        """
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            return memoryview(data)[offer.args[0] :]
        return None

    def _consider_offer(self, behind: memoryview) -> bool:
        """Parse the head of a request again without its `Upgrade` field, so that the parser does not stop there (RFC 9110 §7.8).

        The parser stops at the end of a head with this field. At this point the fields are in `self.headers`, and the application
        has not seen the request. Returns True if the offer is to switch to WebSocket. Then the application decides: it sees the
        `Upgrade` field, and `behind`, the data behind the head, is withheld until the application has switched or answered. Every
        other offer is ignored, and the application does not see it.
        """
        method, version, fields = self.parser.get_method(), self.parser.get_http_version(), self.headers
        offer = self._offer = websocket_offer(method, version, fields)
        self._new_parser()
        self.parser.feed_data(without_offer(method, self.url, version, fields))
        self._offer = []
        if not offer:
            return False
        self._behind_offer = b""
        self._withhold(behind)
        return True

    def _withhold(self, data: bytes | memoryview) -> None:
        if data:
            self._behind_offer = b"".join((self._behind_offer, data)) if self._behind_offer else data
            self.flow.pause_reading()  # so that it stays at one or two reads

    def _take_behind_offer(self) -> bytes | memoryview:
        """Return the data that was withheld, and withhold no more."""
        behind, self._behind_offer = self._behind_offer or b"", None
        return behind

    def _new_parser(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn sets it

    # Callbacks of the parser

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_progressed = True
        self._part = "head"
        self._body_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        name, value = name.lower(), value.rstrip(b" \t")  # RFC 9110 §5.5; the parser strips leading whitespace only
        if name == b"expect":
            self.expect_100_continue = value.lower() == b"100-continue"
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._has_progressed = True
        method, version = self.parser.get_method(), self.parser.get_http_version()
        check_head(method, version, self.headers)
        if self.parser.should_upgrade():
            return  # the parser stops here, and `_consider_offer` parses this head again
        self.url = origin_form(method, self.url, self.headers)
        self.headers += self._offer
        if version == "1.0":
            self.expect_100_continue = False  # RFC 9110 §10.1.1: it cannot read an interim response
        super().on_headers_complete()
        self._part = "body"
        self.headers = []  # for trailers, which must not be merged into the fields of the head (RFC 9110 §6.5.1)

    def on_body(self, body: bytes) -> None:
        self._has_progressed = True
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._has_progressed = True
        if self.parser.should_upgrade():
            return
        self._part = "none"
        super().on_message_complete()


def _address(transport: asyncio.Transport, end: Literal["sockname", "peername"]) -> tuple[str, int] | None:
    """Return the IP address and port of one end of a connection; None if it has none, or if the client has gone already."""
    address = transport.get_extra_info(end)
    return (str(address[0]), int(address[1])) if isinstance(address, tuple) else None
