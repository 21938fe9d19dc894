"""The ASGI extension by which a server hands a connection over to a response that is a stream.

After `http.response.start` the application may call `scope["extensions"][TAKE_OVER]["connection"](stream)`. From then on it sends
no messages but writes to the connection that this returns, and may return: the response goes on without the request's coroutines,
as a connection does that was upgraded. `app/server/protocol.py` offers it; `app/transports/http/asgi_sink.py` is the way without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

TAKE_OVER = "orders_events.take_over"


class Stream(Protocol):
    """What the server tells the one who took a connection over; on the event loop, and never after `end`."""

    def writable(self) -> None:
        """More can be written, after a `write` that returned False."""

    def lost(self) -> None:
        """The client has gone, or the server cut it."""


TransferCoding = Callable[[bytes], bytes]
"""Writes a piece of a body as the wire has it: a chunk (RFC 9112 §7.1), or the piece itself where the connection's end is the
body's. A pure function: the application codes a piece once and writes it to every connection of that coding."""


class Connection(Protocol):
    """The body of a response that has begun; called on the event loop, and nothing here waits."""

    @property
    def coding(self) -> TransferCoding:
        """How pieces of this body must be coded."""

    def write(self, coded: bytes) -> bool:
        """Send a piece; return False where the client is slow and nothing more should be written for now."""

    def end(self, coded: bytes) -> None:
        """Send the last piece, and complete the response."""
