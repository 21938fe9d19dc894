"""The frames that the server sends (RFC 6455 §5.2). They are not masked, so the same bytes are right for every client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from app.transports.websocket.errors import ConnectionFault

_FINAL_TEXT: Final = 0x81
_FINAL_COMPRESSED_TEXT: Final = 0xC1  # with the bit RSV1
_CLOSE: Final = 0x88
# RFC 6455 §5.5: the payload of a control frame has at most 125 bytes, and the code takes two.
_REASON_BYTES: Final = 123


def text_frames(messages: Iterable[bytes]) -> bytes:
    """Return messages as text frames, in one string of bytes. `messages`: the payloads, each one a text in UTF-8."""
    return b"".join([_frame(_FINAL_TEXT, message) for message in messages])


def compressed_frame(message: bytes) -> bytes:
    """Return a compressed message as a text frame (RFC 7692 §6). `message`: without the bytes 00 00 FF FF at its end."""
    return _frame(_FINAL_COMPRESSED_TEXT, message)


def close_frame(fault: ConnectionFault) -> bytes:
    """Return the frame that ends a connection, with the code and the reason of a fault."""
    reason = fault.reason.encode()[:_REASON_BYTES].decode(errors="ignore").encode()
    return _frame(_CLOSE, fault.code.to_bytes(2, "big") + reason)


def _frame(first_byte: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return b"%c%c%b" % (first_byte, size, payload)
    if size < 65_536:
        return b"%c\x7e%b%b" % (first_byte, size.to_bytes(2, "big"), payload)
    return b"%c\x7f%b%b" % (first_byte, size.to_bytes(8, "big"), payload)
