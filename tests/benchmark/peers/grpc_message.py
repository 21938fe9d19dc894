"""The message of one event, in protobuf: the same message that this server's gRPC sends, there with all events of a page."""

from __future__ import annotations


def message(number: int, line: str) -> bytes:
    event = field(1, str(number).encode()) + field(2, b"order.shipped") + field(5, line.encode())
    return field(1, field(1, event))


def field(number: int, value: bytes) -> bytes:
    """Return a field of a protobuf message that has a length of up to 16,383 bytes."""
    size = len(value)
    length = bytes((size,)) if size < 128 else bytes((size & 127 | 128, size >> 7))
    return bytes((number << 3 | 2,)) + length + value
