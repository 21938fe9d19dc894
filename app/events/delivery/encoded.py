"""Caches of encoded items, so that an item that goes to many readers is encoded once; for any transport and encoding.

Three caches stand between a commit and a write:
- `EventLog.read_in_memory` keeps pages by place and filter, so that readers that catch up side by side get one page object;
- `EncodedPages` keeps the bytes of a page as long as the page lives, for one encoding: all groups and readers share them;
- `LastItem` keeps the last item as it is written to a connection: one item is often written to thousands of connections in a row.
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

from app.events.delivery.stream_item import Closing, NextItem, StreamItem
from app.events.log.event_store import Page


class EncodedPages:
    """An encoding of items that encodes each page once. `encode`: the encoding itself."""

    def __init__(self, encode: Callable[[NextItem], bytes]) -> None:
        self._encode = encode
        self._pages: WeakKeyDictionary[Page, bytes] = WeakKeyDictionary()

    def encode(self, item: NextItem) -> bytes:
        """Encode an item; the same page gives the same `bytes` object."""
        if not isinstance(item, Page):
            return self._encode(item)
        encoded = self._pages.get(item)
        if encoded is None:
            encoded = self._pages[item] = self._encode(item)
        return encoded


class LastItem:
    """The most recent item as bytes, shared by all connections that have the same transfer coding.

    `encode`: turns an item into bytes. `frame`: adds the framing of the connection to these bytes, such as that of an HTTP/1.1 chunk.
    """

    __slots__ = ("_encode", "_frame", "frame", "is_closing", "item")

    def __init__(self, encode: Callable[[StreamItem], bytes], frame: Callable[[bytes], bytes]) -> None:
        self._encode = encode
        self._frame = frame
        self.item: StreamItem | None = None
        self.frame = b""
        self.is_closing = False

    def hold(self, item: StreamItem) -> None:
        """Encode an item, and keep its bytes instead of those of the previous item."""
        self.item = item
        self.frame = self._frame(self._encode(item))
        self.is_closing = isinstance(item, Closing)
