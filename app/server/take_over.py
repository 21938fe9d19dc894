"""The ASGI extension with which a server lets a streaming response write to its connection directly.

After the application has sent `http.response.start`, the application may call
`scope["extensions"][TAKE_OVER]["connection"](stream)`. The call returns a `Connection`. From then on the application sends no
ASGI messages, and writes to this `Connection` instead. The application may return: the response continues without the
coroutines of its request, as on an upgraded connection. `app/server/protocol.py` implements this extension, and
`app/server/stream_connection.py` the connection during the stream. `app/transports/http/streaming/asgi_sink.py` sends streams if the
server does not have this extension.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

TAKE_OVER = "orders_events.take_over"


class Stream(Protocol):
    """The application's side of a connection that was taken over by a streaming response: callbacks, and a property that the
    server reads.

    The server calls the callbacks on the event loop, and never after `Connection.end`.
    """

    @property
    def is_finite(self) -> bool:
        """Whether the stream ends by itself. A finite stream is sent in full even if the client has closed its sending side of
        the connection.
        """

    def writable(self) -> None:
        """Handle that the connection accepts more data, after `Connection.write` had returned False."""

    def lost(self) -> None:
        """Handle that the connection is lost, because the client disconnected or the server closed the connection."""


TransferCoding = Callable[[bytes], bytes]
"""A function that returns a part of a response body in the form in which it is sent: `chunked` or `close_delimited`.

The application applies it once to each part, and writes the result to every connection that has this transfer coding."""


def chunked(body: bytes) -> bytes:
    """Return a part of a response body as one chunk (RFC 9112 §7.1)."""
    return b"%x\r\n%b\r\n" % (len(body), body)


def close_delimited(body: bytes) -> bytes:
    """Return a part of a response body unchanged, for a body that ends when its connection is closed (RFC 9112 §6.3)."""
    return body


class Connection(Protocol):
    """The server's side of a connection that a streaming response has taken over. The head of the response is sent with the
    first part of the body.

    The methods are called on the event loop, and none of them blocks.
    """

    @property
    def coding(self) -> TransferCoding:
        """The transfer coding of this connection: a function to apply to every part of the body before `write` or `end`."""

    def write(self, coded: bytes) -> bool:
        """Send a part of the response body, to which the transfer coding has been applied.

        Returns False if the client reads slowly; the caller should then wait until `Stream.writable` is called.
        """

    def end(self, coded: bytes) -> None:
        """Send the last part of the response body, and complete the response."""


class LostConnection:
    """A stand-in (null object) for the connection of a client that disconnected before its response began. It discards all
    data.
    """

    coding = staticmethod(close_delimited)

    def write(self, coded: bytes) -> bool:  # noqa: ARG002  # the signature of Connection
        """Discard a part of the response body."""
        return False

    def end(self, coded: bytes) -> None:
        """Discard the last part of the response body."""
