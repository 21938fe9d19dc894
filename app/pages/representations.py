"""The representations of a file: plain, and compressed for a client that accepts gzip (RFC 9110 §8.4, §12.5.3)."""

from __future__ import annotations

import asyncio
import gzip
from hashlib import sha256
from typing import Final, NamedTuple

from app.pages.site_files import File
from app.transports.http.negotiation import read_weights

_CODING: Final = "gzip"
_COMPRESSED_ALREADY: Final = frozenset({"application/gzip", "application/zip"})


class Representation(NamedTuple):
    """The bytes of one representation, its content coding if it has one, and its ETag, which no other one has (§8.8.3.3)."""

    content: bytes
    coding: str | None
    etag: str


class Representations:
    """The representations of one file. The compressed one is made when a client first asks for it."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.vary = file.media_type not in _COMPRESSED_ALREADY
        self._plain = _represent(file.content, None)
        self._compressed: Representation | None = None

    async def choose(self, accept_encoding: str) -> Representation:
        """Choose by the value of the Accept-Encoding header, which is empty if there is none."""
        if not self.vary or not _prefers_compressed(accept_encoding):
            return self._plain
        if self._compressed is None:
            self._compressed = await asyncio.to_thread(
                self._compress
            )  # so that streams need not wait while megabytes are compressed
        return self._compressed

    def _compress(self) -> Representation:
        content = gzip.compress(self.file.content, mtime=0)
        return _represent(content, _CODING) if len(content) < len(self.file.content) else self._plain


def _represent(content: bytes, coding: str | None) -> Representation:
    return Representation(content, coding, f'"{sha256(content).hexdigest()[:32]}"')


def _prefers_compressed(accept_encoding: str) -> bool:
    weights = read_weights(accept_encoding)
    compressed, plain = (weights.get(coding, weights.get("*", 0.0)) for coding in (_CODING, "identity"))
    return compressed > 0 and compressed >= plain
