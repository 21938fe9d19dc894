"""Make schemas as tolerant as a client must be, which goes on to work with later minor versions of the contract.

Generated code refuses what its document does not admit, even if the contract lets a client ignore it. So properties that are not known
are admitted, and a list of values that may grow (`x-extensible`) becomes the known values or any other text:
`StreamGapReason` is `KnownStreamGapReason` or a string. What clients only send stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.specification.derived.clients.reachable import reachable
from app.specification.openapi.structure import operations

_COMPONENT: Final = "#/components/schemas/"


def admit_later_versions(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI document with tolerant schemas for everything that a server may send."""
    schemas: Mapping[str, Mapping[str, Any]] = document["components"]["schemas"]
    growing = {name for name, schema in schemas.items() if schema.get("x-extensible") and "enum" in schema}
    received = reachable(document, [each.content["responses"] for each in operations(document)])
    tolerant: dict[str, Any] = {}
    for name, schema in schemas.items():
        written = _open(schema) if ("schemas", name) in received else _known(schema, growing)
        tolerant |= _alternatives(name, written) if name in growing else {name: written}
    components = _known({key: each for key, each in document["components"].items() if key == "parameters"}, growing)
    return {**document, "components": {**document["components"], **components, "schemas": tolerant}}


def _alternatives(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    known = f"Known{name}"
    values = {keyword: schema[keyword] for keyword in ("type", "enum")}
    words = {keyword: value for keyword, value in schema.items() if keyword not in {"type", "enum", "x-extensible"}}
    return {
        known: {"title": known, "description": f"The values of {name} that this version knows.", **values},
        name: {**words, "anyOf": [{"$ref": _COMPONENT + known}, {"type": schema["type"]}]},
    }


def _open(node: Any) -> Any:
    """Return a schema that admits properties that it does not know. An object without any is written so that generators make a class of it."""
    if isinstance(node, list):
        return [_open(each) for each in node]
    if not isinstance(node, Mapping):
        return node
    opened = {key: _open(value) for key, value in node.items() if (key, value) != ("additionalProperties", False)}
    is_empty = "additionalProperties" in node and "additionalProperties" not in opened and "properties" not in node
    return {**opened, "allOf": [{"type": "object"}]} if is_empty else opened


def _known(node: Any, growing: set[str]) -> Any:
    """Return a schema of what clients send, with the known values in the place of lists that grow."""
    match node:
        case {"$ref": str(reference)} if (name := reference.removeprefix(_COMPONENT)) in growing:
            return {"$ref": f"{_COMPONENT}Known{name}"}
        case dict():
            return {key: _known(value, growing) for key, value in node.items()}
        case list():
            return [_known(each, growing) for each in node]
        case _:
            return node
