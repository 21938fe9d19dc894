"""Build the messages of the derived AsyncAPI document: frames of the stream, published events, the reply to a publisher, and the
messages of a WebSocket connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final, NamedTuple

from app.specification.derived.asyncapi_schemas import Components, reference_to, translate, words
from app.specification.derived.frame_text import DATA
from app.specification.derived.openapi_3_2 import STREAM, stream_frames
from app.specification.pointer import lookup, parse_reference
from app.specification.schema.schema import compile_schema

JSON: Final = "application/json"
HTTP: Final = {"bindingVersion": "0.3.0"}


class Message(NamedTuple):
    """A Message Object of AsyncAPI (`content`), with the name of the OpenAPI component that the message is made from (`name`)."""

    name: str
    content: dict[str, Any]


def sent(document: Components, operation: Mapping[str, Any]) -> list[Message]:
    """Return one AsyncAPI message for each kind of frame in a stream.

    The frame's `data` becomes the payload of the message, and the frame's other fields become headers.
    """
    shown = operation["responses"]["200"]["content"][STREAM].get("examples", {})
    return [_frame(document, name, shown) for name in stream_frames(document.bundled)]


def published(document: Components, operation: Mapping[str, Any]) -> list[Message]:
    """Return one AsyncAPI message for each alternative of the request body with which events are published."""
    body = operation["requestBody"]["content"][JSON]
    return [
        _message(document, name, {"payload": reference_to(name)}, body.get("examples", {}))
        for name in _alternatives(document, body["schema"])
    ]


def answered(document: Components, operation: Mapping[str, Any]) -> Message:
    """Return the AsyncAPI message for the response to a publish request."""
    content = operation["responses"]["201"]["content"][JSON]
    name = str(parse_reference(content["schema"]["$ref"])[-1])
    parts = {"payload": reference_to(name), "bindings": {"http": {"statusCode": 201, **HTTP}}}
    return _message(document, name, parts, content.get("examples", {}))


def typed(document: Components, name: str) -> Message:
    """Return the AsyncAPI message for a component whose property `type` has one value, such as a message of a WebSocket connection."""
    schema = lookup(document.bundled, "components", "schemas", name)
    shown = {"example": {"value": schema["example"]}} if "example" in schema else {}
    return _message(document, name, {"payload": reference_to(name)}, shown)


def _frame(document: Components, name: str, shown: Mapping[str, Any]) -> Message:
    schema = lookup(document.bundled, "components", "schemas", name)
    headers = {
        **{keyword: value for keyword, value in translate(schema).items() if keyword != "description"},
        "required": [field for field in schema["required"] if field != DATA],
        "properties": {field: translate(each) for field, each in schema["properties"].items() if field != DATA},
    }
    message = _message(document, name, {"headers": headers, "payload": translate(schema["properties"][DATA])}, shown)
    for example in message.content["examples"]:
        frame = example.pop("payload")
        example["headers"] = {field: value for field, value in frame.items() if field != DATA}
        example["payload"] = frame[DATA]
    return message


def _message(document: Components, name: str, parts: Mapping[str, Any], shown: Mapping[str, Any]) -> Message:
    schema = lookup(document.inlined, "components", "schemas", name)
    fits = compile_schema(schema, name)
    examples = [
        {"name": key, **words(example, "summary"), "payload": deepcopy(example["value"])}
        for key, example in shown.items()
        if fits.violations(example["value"], 1)[1] == 0
    ]
    return Message(name, {"name": _called(schema, name), **words(schema, "description"), **parts, "examples": examples})


def _called(schema: Mapping[str, Any], name: str) -> str:
    """Return the name of an AsyncAPI message: its type or event type, if its schema allows exactly one; otherwise `name`."""
    for field in ("event", "eventType", "type"):
        match schema.get("properties", {}).get(field):
            case {"enum": [str(kind)]}:
                return kind
    return name


def _alternatives(document: Components, schema: Mapping[str, Any]) -> Iterator[str]:
    if "oneOf" in schema:
        for alternative in schema["oneOf"]:
            yield from _alternatives(document, alternative)
        return
    name = str(parse_reference(schema["$ref"])[-1])
    component = lookup(document.bundled, "components", "schemas", name)
    if "oneOf" in component:
        yield from _alternatives(document, component)
    else:
        yield name
