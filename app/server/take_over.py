"""The ASGI extension by which a server hands a connection over to a response that is a stream.

After `http.response.start` the application may call `scope["extensions"][TAKE_OVER]["connection"](stream)`, which returns a
`Connection`. From then on the application sends no ASGI messages: it writes to that connection. It may return, and the response goes
on without the coroutines of its request, as an upgraded connection does. `app/server/protocol.py` offers this extension;
`app/transports/http/asgi_sink.py` sends streams on servers that do not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

TAKE_OVER = "orders_events.take_over"


class Stream(Protocol):
    """The application's end of a connection that was taken over: the callbacks that the server calls.

    They are called on the event loop, and never after `Connection.end`.
    """

    @property
    def is_finite(self) -> bool:
        """Whether the stream ends by itself, so that it is sent in full to a client that has closed its side of the connection."""

    def writable(self) -> None:
        """Handle that more can be written, after a `write` that returned False."""

    def lost(self) -> None:
        """Handle that the connection is lost, because the client left or the server cut it."""


TransferCoding = Callable[[bytes], bytes]
"""A pure function that returns a piece of a body in the form in which it is sent: `chunked` or `close_delimited`. The application
applies it once, and writes the result to every connection of that coding."""


def chunked(body: bytes) -> bytes:
    """Return a piece of a body as a chunk (RFC 9112 §7.1)."""
    return b"%x\r\n%b\r\n" % (len(body), body)


def close_delimited(body: bytes) -> bytes:
    """Return a piece of a body that ends when its connection is closed (RFC 9112 §6.3): the piece as it is."""
    return body


class Connection(Protocol):
    """The server's end of a connection that was taken over: a response whose head has been sent.

    Its methods are called on the event loop, and none of them blocks.
    """

    @property
    def coding(self) -> TransferCoding:
        """The coding of everything that is written to this connection."""

    def write(self, coded: bytes) -> bool:
        """Send a piece of the body; return False if the client reads slowly and the caller should wait for `writable`."""

    def end(self, coded: bytes) -> None:
        """Send the last piece of the body, and complete the response."""


class LostConnection:
    """A null object: the connection of a client that left before its response began. It discards everything."""

    coding = staticmethod(close_delimited)

    def write(self, coded: bytes) -> bool:  # noqa: ARG002  # the signature of Connection
        """Discard a piece of the body."""
        return False

    def end(self, coded: bytes) -> None:
        """Discard the last piece of the body."""
