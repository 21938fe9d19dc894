"""Messages from clients: what cannot be read, and what would be ignored silently, is refused."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError

from app.specification.errors import Refusal
from app.transports.grpc.messages.message_size import check_number_of_fields


class MalformedMessage(Refusal):
    """Raised when a request is not a message of its type, or has fields that this server does not know."""


def read_message(of_type: Any, data: bytes, maximum: int) -> Any:
    """Return the message that a client sent. Raises MalformedMessage, or TooManyValues before the message is parsed.

    Protocol Buffers would drop a field that the server does not know: the client would be sent events that it did not ask for, or its
    event would be stored without one of its properties.

    `of_type`: the class of the message. `maximum`: the number of values that it may have.
    """
    check_number_of_fields(data, of_type.DESCRIPTOR, maximum)
    try:
        message = of_type.FromString(data)
    except DecodeError:
        raise MalformedMessage(f"The request is not a message {of_type.DESCRIPTOR.full_name}.") from None
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if message.ByteSize() != size:
        raise MalformedMessage(
            f"The request has fields that this server's {of_type.DESCRIPTOR.full_name} does not have."
        )
    return message
