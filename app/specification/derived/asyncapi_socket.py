"""Describe a WebSocket operation of the OpenAPI document for AsyncAPI: a channel, a message for each of its messages, and operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.specification.derived.asyncapi_messages import Message, typed
from app.specification.derived.asyncapi_schemas import Components, parameters, words
from app.specification.derived.asyncapi_security import security
from app.specification.pointer import parse_reference

BINDING: Final = {"bindingVersion": "0.1.0"}
ACTIONS: Final = {"receives": "receive", "sends": "send"}
"""AsyncAPI's names for the two directions of messages, both as the server sees them."""


def is_socket(operation: Mapping[str, Any]) -> bool:
    return "x-messages" in operation


def socket_messages(document: Components, operation: Mapping[str, Any]) -> list[Message]:
    """Return one AsyncAPI message for each message of a WebSocket operation: first those of clients, then those of the server."""
    return [message for _, message in _messages(document, operation)]


def socket_binding(document: Components, path: str) -> dict[str, Any]:
    """Return the request that opens a connection, as AsyncAPI's WebSocket binding of a channel describes it."""
    headers = parameters(document.inlined["paths"][path]["get"].get("parameters", ()), "header")
    return {"ws": {"method": "GET", **({"headers": headers} if headers else {}), **BINDING}}


def socket_operations(document: Components, operation: Mapping[str, Any], channel: str) -> dict[str, Any]:
    """Return one AsyncAPI operation for each message, by a name such as `receiveSubscribe` or `sendEvents`."""
    operations = {}
    for action, message in _messages(document, operation):
        kind = message.content["name"]
        operations[f"{action}{kind[:1].upper()}{kind[1:]}"] = {
            "action": action,
            "channel": {"$ref": f"#/channels/{channel}"},
            **words(message.content, "description"),
            **security(operation),
            "tags": [{"name": tag} for tag in operation.get("tags", ())],
            "messages": [{"$ref": f"#/channels/{channel}/messages/{message.name}"}],
        }
    return operations


def _messages(document: Components, operation: Mapping[str, Any]) -> Iterator[tuple[str, Message]]:
    for side, action in ACTIONS.items():
        for reference in operation["x-messages"][side]:
            yield action, typed(document, str(parse_reference(reference["$ref"])[-1]))
