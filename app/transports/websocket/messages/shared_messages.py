"""The messages of the subscriptions that have the same number, encoded and compressed once for all connections.

The number is in each message, so subscriptions share their messages only if they have the same one. Most connections have one
subscription, with the number 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

from app.events.delivery.encoded import EncodedPages, LastItem
from app.events.delivery.stream_item import StreamItem, StreamStart
from app.events.log.event_store import Page
from app.transports.compression.shared_deflate import Part, Step, Steps
from app.transports.websocket.messages.frames import compressed_frame, text_frames
from app.transports.websocket.messages.server_messages import encode_item

# A longer page is one of many that a replay reads. Deflate would take 0.8 µs an event, and hold up other subscriptions.
PLAIN_ABOVE_BYTES: Final = 64 * 1024
_FLUSH_BYTES: Final = 4  # 00 00 FF FF, which ends each part, and is not sent (RFC 7692 §7.2.1)


class SharedMessages:
    """The messages of one subscription number.

    `maximum_bytes`: the largest message, unless a single event is larger. `steps`: the steps of all compressed connections.
    `last_item`: the last item as frames that are not compressed.
    """

    def __init__(self, number: int, maximum_bytes: int, steps: Steps) -> None:
        encode = partial(encode_item, number=number, maximum_bytes=maximum_bytes)
        self._pages: EncodedPages[Sequence[bytes]] = EncodedPages(encode)

        def encode_once(item: StreamItem) -> Sequence[bytes]:
            return encode(item) if isinstance(item, StreamStart) else self._pages.encode(item)

        self.last_item = LastItem(encode_once, text_frames)
        self._steps = steps
        self._page: Page | None = None
        self._parts: dict[Step, Part] = {}
        self._of_pages: WeakKeyDictionary[Page, dict[Step, Part]] = WeakKeyDictionary()

    def part(self, page: Page, before: Step) -> Part:
        """Return the frames of a page for a connection with permessage-deflate.

        `before`: the step at which the connection is, which says what it was sent before in compressed messages. The messages that
        are not compressed do not count (RFC 7692 §7.2.3.2): the decompressor of the client does not see them.
        """
        if page is not self._page:
            self._page, self._parts = page, self._of_pages.setdefault(page, {})
        return self._parts.get(before) or self._add(page, before)

    def _add(self, page: Page, before: Step) -> Part:
        first, *others = messages = self._pages.encode(page)
        if others or len(first) > PLAIN_ABOVE_BYTES:
            self._page = None
            return Part(text_frames(messages), before, None)
        part = self._steps.compress(before, first)
        framed = self._parts[before] = part._replace(content=compressed_frame(part.content[:-_FLUSH_BYTES]))
        return framed
