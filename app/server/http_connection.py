"""uvicorn's HTTP/1 connection (on httptools), changed to keep to RFC 9110 and RFC 9112.

What was wrong without the changes (uvicorn 0.54, httptools 0.9):

- A request that offers to upgrade to another protocol lost its body, and the body was parsed as the next request.
- The parser lets requests pass without a `Host` or with several, of HTTP/0.9 and HTTP/2.0, with transfer codings that nobody decodes,
  with whitespace behind field values, and adds trailers to the fields of the head.
- An HTTP/1.0 client was sent chunks and `100 Continue`, which it cannot read.
- A client that closed its side after its request got no answer.
- A request that is not HTTP was answered in plain text, before the answers to the requests in front of it, and the connection was
  closed in a way that may destroy the answer.
- A head without an end took twenty times its size of memory, without a bound.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.server.request_head import BadRequest, check_head, expects_continue, origin_form, without_offer
from app.server.responses import problem_response, without_chunks

MAX_HEAD_BYTES: Final = (
    64 * 1024
)  # as in most servers; a head that ends within the read that passes this bound is still accepted
MAX_FIELDS: Final = 256  # browsers and proxies send some 30; each one costs time wherever a field is looked up
LINGER_SECONDS: Final = 2.0  # for the client to read the last response while it may still be sending


class HttpConnection(HttpToolsProtocol):
    """A connection on which requests are answered in order, until one side closes it or a request is not HTTP."""

    _running: RequestResponseCycle | None = None  # the request that is being answered; with pipelining, later ones wait
    _part: Literal["none", "head", "body"] = "none"  # of a request that has been received in part
    _has_progressed = False  # whether the parser completed a part of a message in the present read
    _stalled_bytes = 0  # received in a row without such progress: of a head, of trailers, or empty lines
    _refusal = (
        b""  # the last response of a connection that received something that is not HTTP; nothing is parsed after that
    )

    def data_received(self, data: bytes) -> None:
        if self._refusal:
            return
        self._unset_keepalive_if_required()
        self._has_progressed = False
        try:
            rest = self._parse(data)
            while rest is not None:
                self._decline_offer()
                rest = self._parse(rest)
        except httptools.HttpParserError as error:
            fault = error.__context__  # the exception of a callback, if one was raised
            self._refuse(
                fault if isinstance(fault, BadRequest) else BadRequest(400, "The request is not well-formed HTTP.")
            )
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
        parser = self.parser
        head = without_offer(parser.get_method(), self.url, parser.get_http_version(), self.headers)
        self.parser = new_parser(self)
        self.parser.feed_data(head)

    # Callbacks of the parser

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_progressed = True
        self._part = "head"

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) == MAX_FIELDS:
            raise BadRequest(431, f"The request has more than {MAX_FIELDS} fields.")
        self.headers.append(
            (name.lower(), value.rstrip(b" \t"))
        )  # RFC 9110 §5.5; the parser strips leading whitespace only

    def on_headers_complete(self) -> None:
        self._has_progressed = True
        method, version = self.parser.get_method(), self.parser.get_http_version()
        check_head(method, version, self.headers)
        if self.parser.should_upgrade():
            return
        self.url = origin_form(method, self.url, self.headers)
        self.expect_100_continue = expects_continue(version, self.headers)
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

    # Answers

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.scope["http_version"] == "1.0":
            app = without_chunks(app, cycle)
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _is_answering(self) -> bool:
        return self._running is not None and not self._running.response_complete

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._refusal and not self._is_answering():
            self._end(self._refusal)

    def _refuse(self, fault: BadRequest) -> None:
        """Answer with a problem document, as for every other error, once the requests in front of it are answered; then close."""
        self.logger.warning("A request was refused with status %d. %s", fault.status, fault)
        self._refusal = problem_response(fault)
        faulty = self.cycle if self._part == "body" else None
        if faulty is not None and faulty is self._running:
            faulty.disconnected = True
            faulty.message_event.set()
            self._end(b"" if faulty.response_started else self._refusal)
        elif not self._is_answering():
            self._end(self._refusal)
        elif faulty is not None:
            self.pipeline.popleft()

    def _end(self, response: bytes) -> None:
        """Send the last response and close in two steps, so that a client that is still sending can read it (RFC 9112 §9.6)."""
        if self.transport.is_closing():
            return
        self.transport.write(response)
        self.transport.write_eof()
        self.flow.resume_reading()
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    # Callbacks of the transport

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio.Protocol has it
        """Handle that the client sends no more; return whether the connection stays open, for the answers to whole requests."""
        if not self._is_answering():
            return False
        if self._refusal:
            return True
        self.cycle.keep_alive = False
        return self._part != "body"

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # uvicorn notifies the newest request of the connection; with pipelining, the one that is being answered is an older one.
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()


def new_parser(connection: HttpToolsProtocol) -> Any:
    """Create a parser that calls a connection back."""
    parser = httptools.HttpRequestParser(connection)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn sets it
    return parser
