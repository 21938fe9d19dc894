"""uvicorn's HTTP/1 connection (on httptools), changed to read requests as RFC 9110 and RFC 9112 say.

What was wrong without the changes (uvicorn 0.54, httptools 0.9):

- A request that offers to upgrade to another protocol lost its body, and the body was parsed as the next request.
- The parser lets requests pass without a `Host` or with several, of HTTP/0.9 and HTTP/2.0, with transfer codings that nobody decodes,
  with whitespace behind field values, and adds trailers to the fields of the head.
- A head without an end took twenty times its size of memory, without a bound.
"""

from __future__ import annotations

from typing import Final, Literal

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.server.request_head import BadRequest, check_head, origin_form, without_offer

# As in most servers. A head that ends within the read that passes this bound is still accepted.
MAX_HEAD_BYTES: Final = 64 * 1024

NOT_HTTP: Final = BadRequest(400, "The request is not well-formed HTTP.")


class RequestReader(HttpToolsProtocol):
    """A connection that reads requests, and refuses what is not HTTP."""

    _part: Literal["none", "head", "body"] = "none"  # of a request that has been received in part
    _has_progressed = False  # whether the parser completed a part of a message in the present read
    _stalled_bytes = 0  # received in a row without such progress: of a head, of trailers, or empty lines
    _discards = False  # whatever is received from now on

    def _refuse(self, fault: BadRequest) -> None:
        """Discard what is received from now on, and answer the request that is being read."""
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        if self._discards:
            return
        self._unset_keepalive_if_required()
        self._has_progressed = False
        try:
            behind_offer = self._parse(data)
            while behind_offer is not None:
                self._decline_offer()
                behind_offer = self._parse(behind_offer)
        except httptools.HttpParserError as error:
            fault = error.__context__  # the exception of a callback, if one was raised
            self._refuse(fault if isinstance(fault, BadRequest) else NOT_HTTP)
            return
        self._stalled_bytes = 0 if self._has_progressed else self._stalled_bytes + len(data)
        if self._stalled_bytes > MAX_HEAD_BYTES:
            self._refuse(BadRequest(431, f"The head of the request is longer than {MAX_HEAD_BYTES} bytes."))

    def _parse(self, data: bytes | memoryview) -> memoryview | None:
        """Parse all of the data, or up to the end of a head that offers to upgrade; return what follows that head, else None."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            return memoryview(data)[offer.args[0] :]
        return None

    def _decline_offer(self) -> None:
        """Parse the head of a request again without its offer to upgrade, so that its body is parsed too (RFC 9110 §7.8).

        This is the place at which an offer would be accepted. The parser stands at the end of the head, whose fields are `self.headers`,
        and no part of the application has seen the request.
        """
        head = without_offer(self.parser.get_method(), self.url, self.parser.get_http_version(), self.headers)
        self._new_parser()
        self.parser.feed_data(head)

    def _new_parser(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn sets it

    # Callbacks of the parser

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_progressed = True
        self._part = "head"

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
            return  # the parser stops here, and `_decline_offer` parses this head again
        self.url = origin_form(method, self.url, self.headers)
        if version == "1.0":
            self.expect_100_continue = False  # RFC 9110 §10.1.1: it cannot read an interim response
        super().on_headers_complete()
        self._part = "body"
        self.headers = []  # for trailers, which must not be merged into the fields of the head (RFC 9110 §6.5.1)

    def on_body(self, body: bytes) -> None:
        self._has_progressed = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._has_progressed = True
        if self.parser.should_upgrade():
            return
        self._part = "none"
        super().on_message_complete()
