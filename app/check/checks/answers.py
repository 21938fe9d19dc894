"""Checks of answers that depend on headers: the media type, compression, pages of other origins; and of the health of the server."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from app.check.findings import Finding, NotSeen
from app.check.http.stream_blocks import Splitter, order_event
from app.check.published_contract import PAGE, STREAM
from app.check.request import FOREIGN_ORIGIN, Request, Response, excerpt
from app.check.target.differences import differences
from app.check.target.target import Target

# Accept headers, each with the media type of the answer (RFC 9110 §12.5.1).
_ACCEPTED: Final[Mapping[str, str]] = {
    "*/*": STREAM,
    "text/*": STREAM,
    "application/json, text/event-stream": STREAM,
    "application/json;q=0.5, text/event-stream;q=0.5": STREAM,
    "text/event-stream, application/json;q=0.9": STREAM,
    "text/event-stream;q=0.4, application/json": PAGE,
    "application/json, */*;q=0.1": PAGE,
    "application/*": PAGE,
}
_COMPRESSED_EVENTS: Final = 20
_GZIP: Final = 31  # window bits that make zlib read gzip (RFC 1952)


def media_type(target: Target) -> Iterator[Finding]:
    """The answer is a stream, or a page if the client prefers that; without a preference it is a stream.

    This check sends several Accept headers; it yields a finding for each answer of another media type.
    """
    parameters = (("from", "earliest"), ("follow", "false"), ("limit", "1"))
    for accept, expected in _ACCEPTED.items():
        request = Request(target.contract.stream_path, parameters, (("Accept", accept),))
        response = target.session.fetch(request)
        if response.status not in (HTTPStatus.OK, HTTPStatus.NO_CONTENT) or (
            response.status == HTTPStatus.OK and response.media_type != expected
        ):
            yield Finding(f"The answer to this Accept header is {expected}.", str(response), request)


def compression(target: Target) -> Iterator[Finding]:
    """A stream for a client that accepts gzip is the same stream, whether it is compressed or not, and caches are told of it.

    This check reads a stream that ends with `Accept-Encoding: gzip`. It yields a finding if it has other events than without, if it does
    not end as gzip does, or if `Vary` does not name the header. Raises NotSeen if the server does not compress.
    """
    log = target.log()
    expected = [event._replace(data="") for event in log.events[:_COMPRESSED_EVENTS]]  # other checks are about data
    request = target.finite(("from", "earliest"), ("limit", str(_COMPRESSED_EVENTS)))
    response = target.session.fetch(replace(request, headers=(*request.headers, ("Accept-Encoding", "gzip"))))
    if response.headers.get("content-encoding") != "gzip":
        raise NotSeen("The server does not compress streams.")
    reader = zlib.decompressobj(_GZIP)
    try:
        body = reader.decompress(response.body)
    except zlib.error:
        body = b""
    arrived = [event._replace(data="") for block in Splitter().feed(body) if (event := order_event(block))]
    promised = "A compressed stream has the same events."
    yield from differences(target, log, expected, arrived[: len(expected)], request=response.request, promised=promised)
    if not reader.eof or reader.unused_data:
        yield Finding("A stream that ends is one whole gzip.", "the gzip has no end, or more follows", response.request)
    if "accept-encoding" not in response.headers.get("vary", "").lower():
        seen = f"Vary: {excerpt(response.headers.get('vary', ''))}"
        yield Finding("A compressed stream has `Vary: Accept-Encoding`.", seen, response.request)


def cross_origin(target: Target) -> Iterator[Finding]:
    """A page of a foreign origin is not permitted to read answers with the credentials of a user.

    This check asks as a page of an origin that no operator has named. It yields a finding if CORS headers permit it to read the answer
    with credentials, or to send `Last-Event-ID` but not to read.
    """
    headers = (("Origin", FOREIGN_ORIGIN), ("Accept", PAGE))
    response = target.session.fetch(Request(target.contract.stream_path, (("limit", "1"),), headers))
    permitted = response.headers.get("access-control-allow-origin")
    if permitted == FOREIGN_ORIGIN and response.headers.get("access-control-allow-credentials") == "true":
        yield Finding(
            "Only origins that the operator has named may use the credentials of users.",
            f"Access-Control-Allow-Origin: {permitted}, with Access-Control-Allow-Credentials: true",
            response.request,
        )
    if permitted not in (None, "*") and permitted != FOREIGN_ORIGIN:
        seen = f"Access-Control-Allow-Origin: {excerpt(permitted)}"
        yield Finding("An origin that is not permitted is not answered with another one.", seen, response.request)


def health(target: Target) -> Iterator[Finding]:
    """A server that answers says that it is live and ready, and so does a HEAD request.

    This check yields a finding for each operation of health that the contract has and that says something else.
    """
    for name, status in (("getLiveness", "live"), ("getReadiness", "ready")):
        path = target.contract.paths.get(name)
        if path is None:
            continue
        response = target.session.fetch(Request(path))
        if response.status != HTTPStatus.OK or _status(response) != status:
            yield Finding(f"A server that answers is {status}.", str(response), response.request)
        head = target.session.fetch(Request(path, method="HEAD"))
        if (head.status, head.body) != (HTTPStatus.OK, b""):
            yield Finding("HEAD is answered like GET, but without a body.", str(head), head.request)


def _status(response: Response) -> object:
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer.get("status") if isinstance(answer, dict) else None
