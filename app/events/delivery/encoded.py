"""Caches of encoded items: an item that is sent to many readers is encoded once. The caches work with any transport and
encoding.

Three caches save work when an event is sent:

- `EventLog` caches pages by position and filter, so that readers which read the same part of the log get the same
  page object.
- `EncodedPages` caches the bytes of each page, as long as the page object exists. All readers with the same encoding share these bytes.
- `LastItem` caches the bytes of the last item, with the framing of a connection: one item is often written to thousands of connections
  in a row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from app.events.delivery.stream_item import Closing, NextItem, StreamItem
from app.events.log.event_store import Page

Encoded = TypeVar("Encoded")


class EncodedPages(Generic[Encoded]):
    """An encoder of items that caches the encoded form of each page (`Page`: some events of the log), so that a page is encoded once.

    `encode`: the function that turns an item into bytes, or into another encoded form.
    """

    def __init__(self, encode: Callable[[NextItem], Encoded]) -> None:
        self._encode = encode
        self._pages: WeakKeyDictionary[Page, Encoded] = WeakKeyDictionary()

    def encode(self, item: NextItem) -> Encoded:
        """Return the encoded form of an item. If the item is a `Page` that was encoded before, return the same object as before."""
        if not isinstance(item, Page):
            return self._encode(item)
        encoded = self._pages.get(item)
        if encoded is None:
            encoded = self._pages[item] = self._encode(item)
        return encoded


class LastItem(Generic[Encoded]):
    """The most recent item of the streams, as bytes. All connections that are sent the same bytes share this object.

    `encode`: a function that turns an item into bytes. `frame`: a function that adds the framing of the connection to these
    bytes, such as the framing of an HTTP/1.1 chunk.
    """

    __slots__ = ("_encode", "_frame", "frame", "is_closing", "item")

    def __init__(self, encode: Callable[[StreamItem], Encoded], frame: Callable[[Encoded], bytes]) -> None:
        self._encode = encode
        self._frame = frame
        self.item: StreamItem | None = None
        self.frame = b""
        self.is_closing = False

    def hold(self, item: StreamItem) -> None:
        """Encode an item, and store the item and its bytes in place of the previous item."""
        self.item = item
        self.frame = self._frame(self._encode(item))
        self.is_closing = isinstance(item, Closing)

    def release(self) -> None:
        """Forget the item and its bytes, so that they do not stay in memory."""
        self.item = None
        self.frame = b""
