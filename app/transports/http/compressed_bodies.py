"""Responses that are not streams, compressed for clients that accept gzip (RFC 9110 §8.4).

Starlette's GZipMiddleware is not used, for three reasons: it holds back the head of each response until its body begins, but a stream
takes its connection over in between; it takes `gzip;q=0` for consent; and it compresses within the event loop, the same document for
each request.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.transports.http.requests.negotiation import prefers_gzip
from app.transports.http.requests.parameters import header_values

NO_SNIFFING: Final = {"X-Content-Type-Options": "nosniff"}
"""For every response: a browser must not guess that it is of another type, such as HTML (https://fetch.spec.whatwg.org/#nosniff)."""

LEAST_BYTES: Final = 1024  # a smaller response fits into one packet anyway
IN_THREAD_BYTES: Final = 32 * 1024  # compressing more would hold up streams for a millisecond or longer

_Compress: TypeAlias = Callable[[bytes], Awaitable[bytes]]


class Bodies:
    """The way in which all responses of a server are made. `compress`: whether they are compressed for clients that accept gzip."""

    def __init__(self, *, compress: bool) -> None:
        self._compress = compress
        self._documents: dict[bytes, bytes] = {}

    def response(
        self, content: bytes | str, status: int = 200, headers: Mapping[str, str] | None = None, *, media_type: str
    ) -> ASGIApp:
        """Return a response that is compressed when it is sent, unless it is small."""
        return self._response(Response(content, status, headers, media_type), _compress_quickly)

    def document(self, content: bytes, headers: Mapping[str, str], *, media_type: str) -> ASGIApp:
        """Return a response whose content never changes while the server runs: it is compressed once."""
        return self._response(Response(content, 200, headers, media_type), self._compress_once)

    def _response(self, plain: Response, compress: _Compress) -> ASGIApp:
        return _compressible(plain, compress) if self._compress else plain

    async def _compress_once(self, content: bytes) -> bytes:
        if content not in self._documents:
            self._documents[content] = await _gzip(content, level=9)
        return self._documents[content]


def _compressible(response: Response, compress: _Compress) -> ASGIApp:
    """Return a response that is compressed if the client accepts gzip. `compress`: compresses the content."""

    async def send_response(scope: Scope, receive: Receive, send: Send) -> None:
        response.headers["Vary"] = "Accept-Encoding"
        accepted = ",".join(header_values(scope, b"accept-encoding"))
        if len(response.body) >= LEAST_BYTES and prefers_gzip(accepted):
            response.body = await compress(bytes(response.body))
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Content-Length"] = str(len(response.body))
        await response(scope, receive, send)

    return send_response


async def _compress_quickly(content: bytes) -> bytes:
    return await _gzip(content, level=1)  # a page of JSON is a seventh larger than with level 6, in a third of the time


async def _gzip(content: bytes, *, level: int) -> bytes:
    if len(content) < IN_THREAD_BYTES:
        return gzip.compress(content, level, mtime=0)
    return await asyncio.to_thread(gzip.compress, content, level, mtime=0)
