"""Read what the published contract says about the WebSocket operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.specification.schema.schema import Schema, compile_schema


class MessageLimits(NamedTuple):
    """How large messages may be, how many a client may send in a second, and how soon the first; None where the document says nothing."""

    received_bytes: int | None
    sent_bytes: int | None
    received_per_second: int | None
    first_message_seconds: float | None


@dataclass(frozen=True, slots=True)
class PublishedSocket:
    """The parts of the WebSocket operation that the checks use.

    `path`: its path.
    `subprotocol`: the subprotocol that a client offers.
    `sends`: the schemas of the messages that the server sends, by their `type`.
    `needs_token`: whether a client must send an access token.
    `limits`: the limits of messages.
    """

    path: str
    subprotocol: str
    sends: Mapping[str, Schema]
    needs_token: bool
    limits: MessageLimits


def read_socket(path: str, operation: Mapping[str, Any]) -> PublishedSocket:
    """Return the contract of the WebSocket operation. `operation`: its Operation Object without references.

    Raises LookupError or TypeError if the operation is not built like the contract.
    """
    schemas = operation["x-messages"]["sends"]
    return PublishedSocket(
        path=path,
        subprotocol=operation["responses"]["101"]["headers"]["Sec-WebSocket-Protocol"]["schema"]["enum"][0],
        sends={(name := each["properties"]["type"]["enum"][0]): compile_schema(each, name) for each in schemas},
        needs_token=bool(operation.get("security")),
        limits=_limits(operation.get("x-message-limits", {})),
    )


def _limits(limits: Mapping[str, Any]) -> MessageLimits:
    return MessageLimits(
        limits.get("maxReceivedBytes"),
        limits.get("maxSentBytes"),
        limits.get("maxReceivedPerSecond"),
        limits.get("firstMessageSeconds"),
    )
