"""HTTP/2 by hand (RFC 9113), to send what no gRPC library sends."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple, Self

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM = 7, 8, 11
INITIAL_WINDOW_SIZE = 4
LARGEST_FRAME = 16_384
LARGEST_WINDOW = 2**31 - 1

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_PATIENCE_SECONDS = 60
# A literal field of RFC 7541 as grpcio writes it if it is the first of its name on the connection.
_STATUS = re.compile(rb"grpc-status[\x01\x02](\d+)")


class Frame(NamedTuple):
    """A frame that the server sent."""

    kind: int
    flags: int
    stream: int
    payload: bytes

    @property
    def error(self) -> int:
        """The error code of a RST_STREAM or GOAWAY."""
        return int.from_bytes(self.payload[0 if self.kind == RST_STREAM else 4 :][:4], "big")


class Connection:
    """A connection to a gRPC server whose frames are written by hand.

    `window`: how much each stream may be sent unread. `acknowledges`: whether the server's settings are acknowledged at once.
    """

    def __init__(self, address: str, *, window: int = LARGEST_WINDOW, acknowledges: bool = True) -> None:
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), _PATIENCE_SECONDS)
        self._received = self.socket.makefile("rb")
        self.send(_PREFACE + window_setting(window) + window_update(0, LARGEST_WINDOW - 65_535))
        if acknowledges:
            next(self.frames(SETTINGS))
            self.ping()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._received.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def call(self, stream: int, method: str, data: bytes = b"", flags: int = 0, **metadata: str) -> None:
        """Begin a call with a part of what it sends."""
        self.send(frame(HEADERS, END_HEADERS, stream, headers(method, **metadata)) + frame(DATA, flags, stream, data))

    def ping(self) -> None:
        """Return once the server has read everything that was sent to it."""
        self.send(frame(PING, 0, 0, b"is read."))
        next(each for each in self.frames(PING) if each.flags & ACK)

    def frames(self, *kinds: int) -> Iterator[Frame]:
        """Yield the frames of these kinds that the server sends, until it closes the connection; answer settings and pings."""
        while len(head := self._received.read(9)) == 9:
            length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            found = Frame(kind, flags, int.from_bytes(head[5:], "big"), self._received.read(length))
            if kind in (SETTINGS, PING) and not flags & ACK:
                self.send(frame(kind, ACK, 0, found.payload if kind == PING else b""))
            if kind in kinds:
                yield found

    def status(self) -> int:
        """Return the status of the first call on this connection that ends."""
        return next(int(found[1]) for each in self.frames(HEADERS) if (found := _STATUS.search(each.payload)))

    def messages(self) -> Iterator[bytes]:
        """Yield the messages of the only call on this connection."""
        received = bytearray()
        for each in self.frames(DATA):
            received += each.payload
            while len(received) >= 5 and len(received) >= (end := 5 + int.from_bytes(received[1:5], "big")):
                yield bytes(received[5:end])
                del received[:end]


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def window_setting(window: int) -> bytes:
    return frame(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, window))


def window_update(stream: int, more: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", more))


def headers(method: str, **metadata: str) -> bytes:
    """Return the header block of a call: literal fields without Huffman coding (RFC 7541). `method`: with a path, of another service."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": method if method.startswith("/") else f"/orders_events.v1.OrderEvents/{method}",
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
        **{name.replace("_", "-"): value for name, value in metadata.items()},
    }
    return b"".join(literal(name, value) for name, value in fields.items())


def literal(name: str, value: str) -> bytes:
    return b"\0" + b"".join(_string(each.encode()) for each in (name, value))


def message(data: bytes, *, compressed: bool = False, declared: int | None = None) -> bytes:
    """Return a gRPC message: whether it is compressed, its length, and its bytes."""
    return bytes((compressed,)) + (len(data) if declared is None else declared).to_bytes(4, "big") + data


def _string(text: bytes) -> bytes:
    """Return a string with its length in the form of RFC 7541 §5.1."""
    if len(text) < 127:
        return bytes((len(text),)) + text
    rest, digits = len(text) - 127, bytearray(b"\x7f")
    while rest > 127:
        digits.append(rest & 127 | 128)
        rest >>= 7
    return bytes((*digits, rest)) + text


def repeated(data: bytes, total: int) -> Iterator[bytes]:
    """Yield the data again and again, as many bytes as `total`."""
    piece = data * max(1, 2**16 // len(data))
    for _ in range(total // len(piece)):
        yield piece


def ends(connection: Connection, flood: Iterator[bytes]) -> bool:
    """Send all of it and return False; return True if the server has closed the connection or does not read on."""
    try:
        for piece in flood:
            connection.send(piece)
    except (ConnectionError, TimeoutError):
        return True
    return False
