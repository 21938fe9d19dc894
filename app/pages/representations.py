"""The representations of a file of the site: plain or compressed (RFC 9110 §8.4, §12.5.3), with the server's URL filled in.

The URL is the one under which the client sees the server; pages show it in their commands.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import OrderedDict
from hashlib import sha256
from typing import Final, NamedTuple

from markupsafe import escape

from app.pages.markup.commands import ORIGIN
from app.pages.site_files import SiteFile
from app.transports.http.requests.negotiation import prefers_gzip

MOST_KEPT: Final = 8  # representations of a file: enough for two URLs; a client may send any `Host`

_CODING: Final = "gzip"
_SHOW_URL: Final = ("text/html", "application/json")  # pages, and the index that they are searched with
_COMPRESSED_ALREADY: Final = frozenset({"application/gzip", "application/zip"})


class Representation(NamedTuple):
    """The bytes of a file as they are sent: plain or compressed.

    `coding`: the content coding, such as "gzip"; None if the bytes are not compressed.
    `etag`: the entity tag, which is different for each representation (RFC 9110 §8.8.3.3).
    """

    content: bytes
    coding: str | None
    etag: str


class Representations:
    """All representations (plain or compressed, for different URLs of the server) of one file of the site.

    `compress`: whether there may be compressed ones.

    A representation is made at the first request that needs it; the most recently used representations are kept in memory.
    """

    def __init__(self, file: SiteFile, *, compress: bool) -> None:
        self.file = file
        self._shows_url = file.media_type.startswith(_SHOW_URL)
        self.vary = compress and file.media_type not in _COMPRESSED_ALREADY
        self._kept: OrderedDict[tuple[str, bool], Representation] = OrderedDict()

    async def choose(self, accept_encoding: str, url: str) -> Representation:
        """Return the representation of the file that fits a request.

        `accept_encoding`: the value of the request's Accept-Encoding header; empty if the request has no such header.
        `url`: the URL under which the client sees the server, without a slash at the end; it replaces the default origin in a page.
        """
        compressed = self.vary and prefers_gzip(accept_encoding)
        key = (url if self._shows_url else ORIGIN), compressed
        if key not in self._kept:
            # In a thread, so that streams need not wait while a page is rendered or megabytes are compressed.
            self._kept[key] = await asyncio.to_thread(self._represent, *key)
        self._kept.move_to_end(key)
        representation = self._kept[key]
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return representation

    def _represent(self, url: str, compressed: bool) -> Representation:
        content = self.file.content
        if url != ORIGIN:
            content = content.replace(ORIGIN.encode(), escape(url).encode())
        smaller = gzip.compress(content, mtime=0) if compressed else content
        return _tagged(smaller, _CODING) if len(smaller) < len(content) else _tagged(content, None)


def _tagged(content: bytes, coding: str | None) -> Representation:
    return Representation(content, coding, f'"{sha256(content).hexdigest()[:32]}"')
