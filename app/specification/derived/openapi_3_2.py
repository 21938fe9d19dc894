"""Derive an OpenAPI 3.2 document (https://spec.openapis.org/oas/v3.2.0), because 3.2 can describe an event stream formally.

In OpenAPI 3.2 a stream is a sequence of items (`itemSchema`), and a string can have a schema for its content (`contentSchema`).
The derived document has the same content as the 3.0 document. Of the schema keywords that changed since 3.0, our schemas can
contain only `example`: the server refuses to start if a schema contains one of the others (`nullable`, a boolean
`exclusiveMinimum`).
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
    """Return the OpenAPI 3.0 document `bundled` rewritten as OpenAPI 3.2; `bundled` is not changed."""
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
    """Yield the name of each component schema that describes a frame of an event stream; each name once."""
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
    """Return an OpenAPI object rewritten for OpenAPI 3.2; the parts of the object are rewritten first.

    Members that the conversion table does not list contain data or text, and are copied unchanged.
    """
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
    """Return an example of a stream with one frame: as the decoded values, and as the text that the server sends."""
    frame = example["value"]
    kept = {key: value for key, value in example.items() if key != "value"}
    return {**kept, "dataValue": [fields(frame)], "serializedValue": frame_text(frame)}


_REWRITE: Final[Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {"schema": _schema, "body": _body}


def _after(node: Mapping[str, Any], key: str, new: str, value: object) -> dict[str, Any]:
    """Return a copy of an object with the member `new` inserted after the member `key`.

    So a document begins with its OpenAPI version, directly followed by the dialect of its schemas.
    """
    after = {}
    for name, member in node.items():
        after[name] = member
        if name == key:
            after[new] = value
    return after
