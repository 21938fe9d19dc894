"""Derive an AsyncAPI 3.1 document (https://www.asyncapi.com/docs/reference/specification/v3.1.0) from the OpenAPI document.

Each path whose GET operation returns an event stream becomes a channel of the server `http`. The frames of the stream become the
messages that the server sends. The events that clients publish to the same path become the messages that the server receives; the
response to a publish request becomes the reply. Each path whose GET operation opens a WebSocket connection becomes a channel of the
server `ws`, with an operation for each message. Operations on other paths are left out. As in the document for generators of clients,
each list of values has a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from app.specification.derived.asyncapi_messages import HTTP, JSON, Message, answered, published, sent
from app.specification.derived.asyncapi_schemas import Components, parameters, schemas, words
from app.specification.derived.asyncapi_security import security, security_schemes
from app.specification.derived.asyncapi_socket import is_socket, socket_binding, socket_messages, socket_operations
from app.specification.derived.clients.value_lists import name_value_lists
from app.specification.derived.openapi_3_2 import STREAM
from app.specification.openapi.bundle import inline
from app.specification.openapi.deployment import DEFAULT_URL

HOST: Final = {
    "description": "The server that sent this document.",
    "default": DEFAULT_URL.partition("//")[2],
}


def derive_asyncapi(bundled: Mapping[str, Any]) -> dict[str, Any]:
    """Return an AsyncAPI document that describes the event streams of an OpenAPI document and the events published to them.

    `bundled`: the OpenAPI document without references to other files; it is not changed.
    """
    named = name_value_lists(bundled)
    document = Components(named, inline(named))
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for path, item in named["paths"].items():
        channel = path.strip("/").replace("/", ".")
        if _streams(item.get("get", {})):
            said = [
                *_sending(document, operations, channel, path),
                *(_receiving(document, operations, channel, path) if "post" in item else ()),
            ]
            channels[channel] = _channel("http", path, said)
        elif is_socket(item.get("get", {})):
            said = socket_messages(document, item["get"])
            operations |= socket_operations(document, item["get"], channel)
            channels[channel] = {
                **_channel("ws", path, said),
                **words(item["get"], "summary", "description"),
                "bindings": socket_binding(document, path),
            }
        else:
            continue
        messages |= {message.name: message.content for message in said}
    return {
        "asyncapi": "3.1.0",
        "info": words(bundled["info"], "title", "version", "description"),
        "defaultContentType": JSON,
        "servers": {name: _server(name, bundled["servers"][0]["url"]) for name in ("http", "ws")},
        "channels": channels,
        "operations": operations,
        "components": {
            "schemas": schemas(document, [messages, operations]),
            "messages": messages,
            "securitySchemes": security_schemes(bundled),
        },
    }


def _server(protocol: str, url: str) -> dict[str, Any]:
    public = urlsplit(url)
    if not public.netloc:
        return {"host": "{host}", "protocol": protocol, "variables": {"host": {**HOST}}}
    secure = "s" if public.scheme == "https" else ""
    path = {"pathname": public.path} if public.path else {}
    return {"host": public.netloc, "protocol": protocol + secure, **path}


def _channel(server: str, path: str, messages: Iterable[Message]) -> dict[str, Any]:
    return {
        "address": path,
        "servers": [{"$ref": f"#/servers/{server}"}],
        "messages": {message.name: {"$ref": f"#/components/messages/{message.name}"} for message in messages},
    }


def _streams(operation: Mapping[str, Any]) -> bool:
    return STREAM in operation.get("responses", {}).get("200", {}).get("content", {})


def _sending(document: Components, operations: dict[str, Any], channel: str, path: str) -> list[Message]:
    operation = document.bundled["paths"][path]["get"]
    messages = sent(document, operation)
    definitions = document.inlined["paths"][path]["get"].get("parameters", ())
    operations[operation["operationId"]] = {
        "action": "send",
        **_operation(channel, operation, messages, {"method": "GET", **_request(definitions)}),
    }
    return messages


def _receiving(document: Components, operations: dict[str, Any], channel: str, path: str) -> list[Message]:
    operation = document.bundled["paths"][path]["post"]
    messages, reply = published(document, operation), answered(document, operation)
    operations[operation["operationId"]] = {
        "action": "receive",
        **_operation(channel, operation, messages, {"method": "POST"}),
        "reply": {"channel": {"$ref": f"#/channels/{channel}"}, "messages": _references(channel, [reply])},
    }
    return [*messages, reply]


def _operation(
    channel: str, operation: Mapping[str, Any], messages: Iterable[Message], binding: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "channel": {"$ref": f"#/channels/{channel}"},
        **words(operation, "summary", "description"),
        **security(operation),
        "tags": [{"name": tag} for tag in operation.get("tags", ())],
        "bindings": {"http": {**binding, **HTTP}},
        "messages": _references(channel, messages),
    }


def _references(channel: str, messages: Iterable[Message]) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/{channel}/messages/{message.name}"} for message in messages]


def _request(definitions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the AsyncAPI description of a request's query and header parameters.

    Header parameters are in the extension `x-headers`, because AsyncAPI's HTTP binding can describe only the query of a request.
    """
    places = {"query": parameters(definitions, "query"), "x-headers": parameters(definitions, "header")}
    return {member: schema for member, schema in places.items() if schema}
