"""The ASGI extension with which a server lets an application write to a connection directly.

`scope["extensions"][TAKE_OVER]` has two functions:

- `connection(stream)`, after the application has sent `http.response.start`: the rest of the response is a stream. The call
  returns a `Connection`.
- `upgrade(headers, duplex)`, in place of `http.response.start`: the connection switches to the protocol that the request offers
  in its `Upgrade` field. The server sends the status 101 with these headers. The call returns a `DuplexConnection`. This function
  is there only if the request may switch.

From then on the application sends no ASGI messages, and writes to the connection instead. It may return: the connection goes on without the
coroutines of its request. `app/server/connections/protocol.py` implements this extension, `app/server/connections/stream_connection.py` and
`app/server/connections/upgraded_connection.py` the connections. `app/transports/http/streaming/asgi_sink.py` sends streams if the server
does not have this extension.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

TAKE_OVER = "orders_events.take_over"


class Callbacks(Protocol):
    """The application's side of a connection that was taken over. The server calls these methods on the event loop."""

    def writable(self) -> None:
        """Handle that the connection accepts more data, after a `write` had returned False. It is not called after `end`."""

    def lost(self) -> None:
        """Handle that the connection is lost, because the client disconnected or the server closed the connection."""


class Stream(Callbacks, Protocol):
    """The application's side of a streaming response. No method is called after `Connection.end`."""

    @property
    def is_finite(self) -> bool:
        """Whether the stream ends by itself. A finite stream is sent in full even if the client has closed its sending side of
        the connection.
        """


class Duplex(Callbacks, Protocol):
    """The application's side of a connection that has switched to another protocol. After `DuplexConnection.end`, only `lost` is
    called.
    """

    def received(self, data: bytes) -> None:
        """Handle data that the client has sent. The first data may have come together with the request for the switch."""


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


class DuplexConnection(Protocol):
    """The server's side of a connection that has switched to another protocol.

    The methods are called on the event loop, and none of them blocks. While the client does not read what it is sent, the server
    does not read what the client sends.
    """

    def write(self, data: bytes) -> bool:
        """Send data. Returns False if the client reads slowly; the caller should then wait until `Duplex.writable` is called."""

    def end(self, data: bytes) -> None:
        """Send the last data, and close the sending side. The connection is lost once the client closes it too, or has not done so
        for some seconds.
        """

    def pause_reading(self) -> None:
        """Call `Duplex.received` no more until `resume_reading` is called. A read that is under way may still come."""

    def resume_reading(self) -> None:
        """Read again after `pause_reading`."""


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

    def pause_reading(self) -> None:
        """Do nothing: there is nothing to read."""

    def resume_reading(self) -> None:
        """Do nothing: there is nothing to read."""
