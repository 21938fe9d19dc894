"""Give each list of values in the schemas a name, so that generated code has a type of that name in the place of a numbered one.

The list of values of a property becomes a component: that of `reason` in `StreamGapV1` becomes `StreamGapReason`. A list with one value
tells schemas apart (`event: order.shipped`), and stays where generators look for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, TypeAlias

from app.specification.pointer import lookup, parse_reference

Schema: TypeAlias = Mapping[str, Any]


def name_value_lists(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI document with a component for each list of values, and without references that lead into a component."""
    components = document["components"]
    naming = _Naming(components["schemas"])
    schemas = {name: naming.of_parts(naming.owner(name), schema) for name, schema in components["schemas"].items()}
    named = {**document, "components": {**components, "schemas": {**schemas, **naming.named}}}
    return {key: _shortened(value, named) for key, value in named.items()}


def is_value_list(schema: Schema) -> bool:
    return "enum" in schema and (len(schema["enum"]) > 1 or schema.get("x-extensible", False))


class _Naming:
    """The lists of values that were found in the schemas of one document so far, by name (`named`)."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._components = list(schemas)
        self.named: dict[str, dict[str, Any]] = {}

    def owner(self, component: str) -> str:
        """Return the name of a component without its major version, unless there are several versions."""
        same = [name for name in self._components if _without_version(name) == _without_version(component)]
        return _without_version(component) if len(same) == 1 else component

    def of_parts(self, owner: str, schema: Schema) -> dict[str, Any]:
        """Return a schema with a reference in the place of each list of values within it."""
        parts = {
            keyword: self._of_part(f"{owner}Item", schema[keyword])
            for keyword in ("items", "additionalProperties")
            if isinstance(schema.get(keyword), Mapping)
        }
        if "properties" in schema:
            properties = schema["properties"].items()
            parts["properties"] = {
                name: self._of_part(f"{owner}{name[:1].upper()}{name[1:]}", part) for name, part in properties
            }
        return {**schema, **parts}

    def _of_part(self, name: str, part: Schema) -> dict[str, Any]:
        if not is_value_list(part):
            return self.of_parts(name, part)
        free = name
        while free in self._components or self.named.get(free, {"title": free, **part}) != {"title": free, **part}:
            free += "Value"
        self.named[free] = {"title": free, **part}
        return {"$ref": f"#/components/schemas/{free}"}


def _without_version(component: str) -> str:
    return re.sub(r"V[0-9]+$", "", component)


def _shortened(node: Any, document: Mapping[str, Any]) -> Any:
    match node:
        case {"$ref": str(reference)}:
            place = parse_reference(reference)
            return deepcopy(lookup(document, *place)) if place[1] == "schemas" and len(place) > 3 else dict(node)
        case dict():
            return {key: _shortened(value, document) for key, value in node.items()}
        case list():
            return [_shortened(each, document) for each in node]
        case _:
            return node
