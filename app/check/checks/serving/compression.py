"""Checks of compressed streams: they are the same streams, and a compressor keeps nothing back that is to arrive at once."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from app.check.findings import Finding, NotSeen
from app.check.http.event_stream import Reader
from app.check.http.stream_blocks import Block, Splitter, order_event
from app.check.request import excerpt
from app.check.target.differences import differences
from app.check.target.probe_events import new_event, publish
from app.check.target.target import Target

_COMPRESSED_EVENTS: Final = 20
_GZIP: Final = 31  # window bits that make zlib read gzip (RFC 1952)
_NOT_COMPRESSED: Final = "The server does not compress streams."


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
        raise NotSeen(_NOT_COMPRESSED)
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


def compression_open(target: Target) -> Iterator[Finding]:
    """A compressed stream that stays open sends its first frame and each event at once, and not when more has come.

    This check yields a finding if the first frame does not come, or, with `--publish`, an event that is published meanwhile. Raises
    NotSeen if the server does not compress.
    """
    request = target.stream(headers=(("Accept-Encoding", "gzip"),))
    seconds = target.options.timeout_seconds
    promised = "A compressed stream sends each frame at once."
    with target.session.following(request) as following:
        if following.stream().headers.get("content-encoding") != "gzip":
            raise NotSeen(_NOT_COMPRESSED)
        blocks = _decompressed()
        if not following.until(lambda reader: bool(blocks(reader)), seconds):
            yield Finding(promised, f"the first one did not come in {seconds:g} s", request)
        elif target.options.publish:
            (new,) = publish(target, new_event(target))
            if not following.until(lambda reader: any(block.id == new.id for block in blocks(reader)), seconds):
                yield Finding(promised, f"an event did not come in {seconds:g} s", request, (new.id,))


def _decompressed() -> Callable[[Reader], list[Block]]:
    """Return a function that returns the blocks in what has been read of one compressed stream."""
    gzip = zlib.decompressobj(_GZIP)
    splitter = Splitter()
    blocks: list[Block] = []
    read = 0

    def decompressed(reader: Reader) -> list[Block]:
        nonlocal read
        new, read = bytes(reader.raw[read:]), len(reader.raw)
        with contextlib.suppress(zlib.error):
            blocks.extend(splitter.feed(gzip.decompress(new)))
        return blocks

    return decompressed
