"""A WebSocket client that sends each bit as a test wants it: for frames that no library would send."""

from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.transports.http.wire import Head, Wire, request

PATH = "/events/orders/socket"
SUBPROTOCOL = "orders-events.v1.json"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Frame(NamedTuple):
    """A frame from the server. `first`: its first byte, with the bits FIN and RSV and the opcode."""

    first: int
    payload: bytes


class RawSocket(Wire):
    """An open connection to a server. `port`: the server's port on this machine. `headers`: more lines of the request."""

    def __init__(self, port: int, receive_buffer: int | None = None, headers: Sequence[str] = ()) -> None:
        super().__init__(port, receive_buffer)
        self.opened = self.upgrade(*headers)
        assert self.opened.status == 101

    def upgrade(self, *headers: str) -> Head:
        self.send(opening(*headers))
        return self.head()

    def send_slowly(self, data: bytes) -> None:
        """Send each byte in a packet of its own."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in data:
            self.send(bytes((byte,)))

    def say(self, **message: object) -> None:
        """Send a message."""
        self.send(frame(TEXT, json.dumps(message).encode()))

    def message(self) -> dict[str, Any]:
        """Read a message; heartbeats are skipped."""
        while True:
            read = self.frame()
            assert read.first == 0x80 | TEXT, read
            message: dict[str, Any] = json.loads(read.payload)
            if message["type"] != "heartbeat":
                return message

    def frame(self) -> Frame:
        first, length = self.exactly(2)
        if length > 125:
            length = int.from_bytes(self.exactly({126: 2, 127: 8}[length]), "big")
        return Frame(first, self.exactly(length))

    def close_code(self) -> int | None:
        """Read to the close frame, and to the end of the connection. Returns the code; None if there is none."""
        while True:
            read = self.frame()
            if read.first == 0x80 | CLOSE:
                assert self.rest() == b""
                return int.from_bytes(read.payload[:2], "big") if read.payload else None


def opening(*headers: str, key: str = "dGhlIHNhbXBsZSBub25jZQ==", subprotocol: str = SUBPROTOCOL) -> bytes:
    """Write the request that opens a connection."""
    return request(
        PATH,
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        f"Sec-WebSocket-Protocol: {subprotocol}",
        *headers,
    )


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    is_masked: bool = True,
    declared: int | None = None,
) -> bytes:
    """Write a frame of a client. `reserved`: the bits RSV1 to RSV3 as a number to 7; `declared`: a length other than the true one."""
    size = len(payload) if declared is None else declared
    first = fin << 7 | reserved << 4 | opcode
    mask_bit = is_masked << 7
    if size < 126:
        head = bytes((first, mask_bit | size))
    elif size < 65_536:
        head = bytes((first, mask_bit | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, mask_bit | 127)) + size.to_bytes(8, "big")
    return head + masked(payload) if is_masked else head + payload


def masked(payload: bytes) -> bytes:
    mask = os.urandom(4)
    repeated = (mask * (len(payload) // 4 + 1))[: len(payload)]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return mask + number.to_bytes(len(payload), "big")


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


def new_key() -> str:
    return base64.b64encode(os.urandom(16)).decode()
