"""Derive an AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0) from the OpenAPI document.

Each path whose GET operation returns an event stream becomes a channel. The frames of the stream become the messages that the
server sends. The events that clients publish to the same path become the messages that the server receives; the response to a
publish request becomes the reply. Operations on other paths are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from app.specification.derived.asyncapi_messages import (
    HTTP,
    JSON,
    Components,
    Message,
    answered,
    published,
    schemas,
    sent,
    translate,
    words,
)
from app.specification.derived.openapi_3_2 import STREAM
from app.specification.openapi.bundle import inline


def derive_asyncapi(bundled: Mapping[str, Any]) -> dict[str, Any]:
    """Return an AsyncAPI document that describes the event streams of an OpenAPI document and the events published to them.

    `bundled`: the OpenAPI document without references to other files; it is not changed.
    """
    document = Components(bundled, inline(bundled))
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for path, item in bundled["paths"].items():
        if not _streams(item.get("get", {})):
            continue
        channel = path.strip("/").replace("/", ".")
        said = [
            *_sending(document, operations, channel, path),
            *(_receiving(document, operations, channel, path) if "post" in item else ()),
        ]
        channels[channel] = {
            "address": path,
            "messages": {message.name: {"$ref": f"#/components/messages/{message.name}"} for message in said},
        }
        messages |= {message.name: message.content for message in said}
    return {
        "asyncapi": "3.0.0",
        "info": words(bundled["info"], "title", "version", "description"),
        "defaultContentType": JSON,
        "channels": channels,
        "operations": operations,
        "components": {"schemas": schemas(document, [messages, operations]), "messages": messages},
    }


def _streams(operation: Mapping[str, Any]) -> bool:
    return STREAM in operation.get("responses", {}).get("200", {}).get("content", {})


def _sending(document: Components, operations: dict[str, Any], channel: str, path: str) -> list[Message]:
    operation = document.bundled["paths"][path]["get"]
    messages = sent(document, operation)
    parameters = document.inlined["paths"][path]["get"].get("parameters", ())
    operations[operation["operationId"]] = {
        "action": "send",
        **_operation(channel, operation, messages, {"method": "GET", **_request(parameters)}),
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
        "tags": [{"name": tag} for tag in operation.get("tags", ())],
        "bindings": {"http": {**binding, **HTTP}},
        "messages": _references(channel, messages),
    }


def _references(channel: str, messages: Iterable[Message]) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/{channel}/messages/{message.name}"} for message in messages]


def _request(parameters: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the AsyncAPI description of a request's query and header parameters.

    Header parameters are in the extension `x-headers`, because AsyncAPI's HTTP binding can describe only the query of a request.
    """
    found: dict[str, Any] = {}
    for location, member in (("query", "query"), ("header", "x-headers")):
        those = [each for each in parameters if each["in"] == location]
        if those:
            found[member] = {
                "type": "object",
                "required": [each["name"] for each in those if each.get("required", False)],
                "properties": {each["name"]: _parameter(each) for each in those},
                "additionalProperties": False,
            }
    return found


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    examples = [example["value"] for example in parameter.get("examples", {}).values()]
    if "example" in parameter:
        examples.append(parameter["example"])
    return {**translate(parameter["schema"]), **words(parameter, "description"), "examples": deepcopy(examples)}
