"""Read the contract of the WebSocket operation: the messages in each direction, the limits, and the subprotocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.specification.openapi.structure import operation
from app.specification.pointer import DOCUMENT, Pointer, contract_error, dotted, lookup
from app.specification.schema.schema import Schema, compile_schema

SOCKET = "openOrderEventsSocket"
DIRECTIONS = ("receives", "sends")
_ANY_ARRAY = {"type": "array"}
_BATCH: Pointer = ("components", "schemas", "OrderEventBatch")
_SUBSCRIPTION: Pointer = ("components", "schemas", "SubscriptionNumber")


@dataclass(frozen=True, slots=True)
class SocketContract:
    """The contract of the WebSocket operation, as the server needs it.

    `path`: the path of the operation.
    `subprotocol`: the name of the subprotocol that a client must offer.
    `receives`, `sends`: by `type`, the compiled schemas of the messages that clients send and that the server sends. The schema
    of `publish` accepts any array as `events`, because each event is checked against its own contract.
    `subscriptions_maximum`: the most subscriptions of one connection.
    `received_bytes_maximum`: the largest message of a client, except a `publish`.
    `sent_bytes_maximum`: the largest message of the server, unless a single event is larger.
    `received_per_second_maximum`: the most messages of a client in one second.
    `first_message_seconds`: the time in which a client must subscribe or publish.
    """

    path: str
    subprotocol: str
    receives: Mapping[str, Schema]
    sends: Mapping[str, Schema]
    subscriptions_maximum: int
    received_bytes_maximum: int
    sent_bytes_maximum: int
    received_per_second_maximum: int
    first_message_seconds: int


def read_socket_contract(inlined: Mapping[str, Any]) -> SocketContract:
    """Return the contract of the WebSocket operation in a document.

    `inlined`: the OpenAPI document without references.
    Raises InvalidContract if the operation, a message or a limit is missing or wrong.
    """
    described = operation(inlined, SOCKET)
    limits = (*described.pointer, "x-message-limits")
    accepted = (*described.pointer, "responses", "101", "headers", "Sec-WebSocket-Protocol", "schema", "enum")
    receives, sends = (_messages(inlined, (*described.pointer, "x-messages", each)) for each in DIRECTIONS)
    return SocketContract(
        path=described.path,
        subprotocol=lookup(inlined, *accepted)[0],
        receives=receives,
        sends=sends,
        subscriptions_maximum=count(inlined, *_SUBSCRIPTION, "maximum"),
        received_bytes_maximum=count(inlined, *limits, "maxReceivedBytes"),
        sent_bytes_maximum=count(inlined, *limits, "maxSentBytes"),
        received_per_second_maximum=count(inlined, *limits, "maxReceivedPerSecond"),
        first_message_seconds=count(inlined, *limits, "firstMessageSeconds"),
    )


def count(inlined: Mapping[str, Any], *pointer: str | int) -> int:
    """Return the number at a JSON pointer in a document. Raises InvalidContract if it is not a whole number from 1."""
    value = lookup(inlined, *pointer)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise contract_error(pointer, f"this must be a whole number from 1, not {value!r}")
    return value


def _messages(inlined: Mapping[str, Any], pointer: Pointer) -> dict[str, Schema]:
    listed = lookup(inlined, *pointer)
    if not isinstance(listed, list) or not listed:
        raise contract_error(pointer, "this must list the schemas of messages")
    events = lookup(inlined, *_BATCH)
    messages: dict[str, Schema] = {}
    for index, schema in enumerate(listed):
        place = (*pointer, index)
        name = _type(schema, place)
        if name in messages:
            raise contract_error(place, f"the message {name!r} is listed twice")
        properties = {key: _ANY_ARRAY if part == events else part for key, part in schema["properties"].items()}
        checked = {**schema, "properties": properties}
        messages[name] = compile_schema(checked, f"{DOCUMENT}: {dotted(place)}")
    return messages


def _type(schema: Any, pointer: Pointer) -> str:
    """Return the type of a message, by which programs recognise it: the only value that its schema allows for `type`."""
    match schema:
        case {"type": "object", "required": [*required], "properties": {"type": {"enum": [str(name)]}}}:
            if "type" in required:
                return name
    raise contract_error(pointer, "a message must be an object that requires `type`, with one value")
