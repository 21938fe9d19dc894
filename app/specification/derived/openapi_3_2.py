"""Derive the document as OpenAPI 3.2 (https://spec.openapis.org/oas/v3.2.0), which can describe a stream formally.

In 3.2 a stream is a sequence of items (`itemSchema`), and a text field can have a schema for its content (`contentSchema`).
Nothing is added, and nothing is lost. Of the keywords that changed since 3.0, the dialect of our schemas has only `example`:
it refuses the others (`nullable`, an `exclusiveMinimum` that is true) when the server starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

from app.specification.derived.frame_text import DATA, fields, frame_text
from app.specification.openapi.structure import METHODS
from app.specification.pointer import lookup, parse_reference

STREAM: Final = "text/event-stream"
DIALECT: Final = "https://spec.openapis.org/oas/3.2/dialect/2025-09-17"

# The members of each kind of object that have to be rewritten too: one object, a list of objects or a map of objects.
_ONE, _LIST, _MAP = "one", "list", "map"
_SHAPE: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "document": {"paths": (_MAP, "path"), "components": (_ONE, "components")},
    "components": {
        "schemas": (_MAP, "schema"),
        "parameters": (_MAP, "parameter"),
        "headers": (_MAP, "parameter"),
        "requestBodies": (_MAP, "body"),
        "responses": (_MAP, "body"),
    },
    "path": {"parameters": (_LIST, "parameter"), **dict.fromkeys(METHODS, (_ONE, "operation"))},
    "operation": {
        "parameters": (_LIST, "parameter"),
        "requestBody": (_ONE, "body"),
        "responses": (_MAP, "body"),
    },
    "body": {"headers": (_MAP, "parameter"), "content": (_MAP, "media type")},
    "parameter": {"schema": (_ONE, "schema"), "content": (_MAP, "media type")},
    "media type": {"schema": (_ONE, "schema")},
    "schema": {
        "properties": (_MAP, "schema"),
        **dict.fromkeys(("items", "additionalProperties", "not"), (_ONE, "schema")),
        **dict.fromkeys(("allOf", "anyOf", "oneOf"), (_LIST, "schema")),
    },
}


def derive_openapi_3_2(bundled: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document as OpenAPI 3.2; `bundled` is not changed."""
    derived = {**_derived("document", bundled), "openapi": "3.2.0"}
    for name in stream_frames(bundled):
        properties = derived["components"]["schemas"][name]["properties"]
        properties[DATA] = {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": properties[DATA],
        }
    return _after(derived, "openapi", "jsonSchemaDialect", DIALECT)


def stream_frames(bundled: Mapping[str, Any]) -> Iterator[str]:
    """Yield the name of each component that is a frame of a stream, once."""
    seen: set[str] = set()
    for reference in _streamed(bundled):
        schema = lookup(bundled, *parse_reference(reference))
        for frame in [each["$ref"] for each in schema.get("oneOf", ())] or [reference]:
            name = str(parse_reference(frame)[-1])
            if name not in seen:
                seen.add(name)
                yield name


def _streamed(bundled: Mapping[str, Any]) -> Iterator[str]:
    for item in bundled["paths"].values():
        for method in METHODS:
            for response in item.get(method, {}).get("responses", {}).values():
                if STREAM in response.get("content", {}):
                    yield response["content"][STREAM]["schema"]["$ref"]


def _derived(kind: str, node: Any) -> Any:
    """Rewrite an object of one kind, its parts first. Members that are not in the table are data or text, and are copied."""
    if not isinstance(node, Mapping) or "$ref" in node:
        return deepcopy(node)
    shape = _SHAPE[kind]
    parts = {key: _part(*shape[key], value) if key in shape else deepcopy(value) for key, value in node.items()}
    return _REWRITE.get(kind, _unchanged)(parts)


def _part(how_many: str, kind: str, node: Any) -> Any:
    if how_many == _LIST:
        return [_derived(kind, each) for each in node]
    if how_many == _MAP:
        return {name: _derived(kind, each) for name, each in node.items()}
    return _derived(kind, node)


def _unchanged(node: dict[str, Any]) -> dict[str, Any]:
    return node


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "examples" if keyword == "example" else keyword: [value] if keyword == "example" else value
        for keyword, value in schema.items()
    }


def _body(body: dict[str, Any]) -> dict[str, Any]:
    if STREAM in body.get("content", {}):
        body["content"][STREAM] = _stream(body["content"][STREAM])
    return body


def _stream(media_type: dict[str, Any]) -> dict[str, Any]:
    renamed = {"itemSchema" if key == "schema" else key: value for key, value in media_type.items()}
    if "examples" in renamed:
        renamed["examples"] = {name: _stream_example(each) for name, each in renamed["examples"].items()}
    return renamed


def _stream_example(example: dict[str, Any]) -> dict[str, Any]:
    """Show a stream of one frame: as the values that a decoder returns, and as the text that it reads."""
    frame = example["value"]
    kept = {key: value for key, value in example.items() if key != "value"}
    return {**kept, "dataValue": [fields(frame)], "serializedValue": frame_text(frame)}


_REWRITE: Final[Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {"schema": _schema, "body": _body}


def _after(node: Mapping[str, Any], key: str, new: str, value: object) -> dict[str, Any]:
    """Insert the member `new` after the member `key`, so that a document begins with its version and dialect."""
    after = {}
    for name, member in node.items():
        after[name] = member
        if name == key:
            after[new] = value
    return after
