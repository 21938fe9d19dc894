"""A stream as one gzip file (RFC 1952): a header, parts that many streams share, and a trailer if the server ends the stream."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final
from weakref import WeakKeyDictionary
from zlib import crc32

from app.events.delivery.stream_item import Closing, StreamItem, StreamStart
from app.events.log.event_store import Page
from app.transports.compression.crc32 import advance
from app.transports.compression.shared_deflate import Part, Shift, Step, Steps, store

HEADER: Final = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # deflate; no name, no time, an unknown file system


class SharedParts:
    """The compressed parts of an item, by the step at which a stream is before it is sent the item. All streams with the same transfer
    coding share this object. It keeps the parts of the last item, and those of each page as long as the page exists.

    `encode`: a function that turns an item into bytes. `frame`: a function that adds the framing of the transfer coding.
    """

    __slots__ = ("_of_pages", "_steps", "encode", "frame", "item", "parts")

    def __init__(self, encode: Callable[[StreamItem], bytes], frame: Callable[[bytes], bytes]) -> None:
        self.encode = encode
        self.frame = frame
        self._steps = Steps()
        self._of_pages: WeakKeyDictionary[Page, dict[Step, Part]] = WeakKeyDictionary()
        self.item: StreamItem | None = None
        self.parts: dict[Step, Part] = {}

    def body(self) -> GzipBody:
        """Return a new body. The first item to encode is a `StreamStart`."""
        return GzipBody(self, self._steps.start)

    def hold(self, item: StreamItem) -> dict[Step, Part]:
        """Put an item in place of the previous one, and return the parts that were made of it so far."""
        self.item = item
        self.parts = self._of_pages.setdefault(item, {}) if isinstance(item, Page) else {}
        return self.parts

    def add(self, before: Step, item: StreamItem) -> None:
        """Make the part of the present item for streams that are at the step `before`."""
        part = self._steps.compress(before, self.encode(item))
        self.parts[before] = part._replace(content=self.frame(part.content))


class GzipBody:
    """The body of one response. It remembers the step that it is at, and how its checksum and length differ from those of the step.

    They differ by what this stream alone was sent, and stay as they are while it is sent the same as others, however much that is.
    """

    __slots__ = ("_crc", "_length", "_shared", "_step")

    def __init__(self, shared: SharedParts, start: Step) -> None:
        self._shared = shared
        self._step = start
        self._crc = 0
        self._length = 0

    def encode(self, item: StreamItem) -> bytes:
        """Return the next part of the body, in the transfer coding."""
        shared = self._shared
        parts = shared.parts if item is shared.item else shared.hold(item)
        part = parts.get(self._step)
        if part is None:
            return self._encode_first(item)
        content, self._step, shift = part
        if shift is not None:
            self._apply(shift)
        return content

    def _encode_first(self, item: StreamItem) -> bytes:
        """Return the next part if no other stream at this step was sent this item."""
        match item:
            case StreamStart():
                return self._begin(self._shared.encode(item))
            case Closing():
                return self._end(self._shared.encode(item))
            case _:
                self._shared.add(self._step, item)
                return self.encode(item)

    def _begin(self, plain: bytes) -> bytes:
        # Not compressed, and not in a dictionary: each stream has another reconnection time in it, and would have its own parts after it.
        self._crc, self._length = crc32(plain), len(plain)
        return self._shared.frame(HEADER + store(plain, is_last=False))

    def _end(self, plain: bytes) -> bytes:
        crc = crc32(plain, self._step.crc ^ advance(self._crc, self._step.length))
        length = self._step.length + self._length + len(plain)
        trailer = struct.pack("<II", crc, length % 2**32)
        return self._shared.frame(store(plain, is_last=True) + trailer)

    def _apply(self, shift: Shift) -> None:
        self._crc = shift.crc ^ advance(self._crc, shift.length)
        self._length += shift.length
