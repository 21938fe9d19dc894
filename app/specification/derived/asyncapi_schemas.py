"""Rewrite schemas and parameters of the OpenAPI document for AsyncAPI."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from app.specification.derived.clients.value_lists import is_value_list
from app.specification.pointer import lookup, parse_reference


class Components(NamedTuple):
    """The OpenAPI document in two forms.

    `bundled`: with references between its components.
    `inlined`: with each reference replaced by its target.
    """

    bundled: Mapping[str, Any]
    inlined: Mapping[str, Any]


def schemas(document: Components, node: Any) -> dict[str, dict[str, Any]]:
    """Return the component schemas that `node` refers to, directly or indirectly, in the order of the OpenAPI document."""
    needed: set[str] = set()
    unseen = list(_referred(node))
    while unseen:
        name = unseen.pop()
        if name not in needed:
            needed.add(name)
            unseen.extend(_referred(lookup(document.bundled, "components", "schemas", name)))
    components: Mapping[str, Any] = document.bundled["components"]["schemas"]
    return {name: translate(schema) for name, schema in components.items() if name in needed}


def reference_to(name: str) -> dict[str, str]:
    """Return a reference to a component schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def parameters(definitions: Iterable[Mapping[str, Any]], location: str) -> dict[str, Any]:
    """Return a schema for the parameters in one location of a request, such as "query"; empty if there are none."""
    those = [each for each in definitions if each["in"] == location]
    if not those:
        return {}
    return {
        "type": "object",
        "required": [each["name"] for each in those if each.get("required", False)],
        "properties": {each["name"]: _parameter(each) for each in those},
        "additionalProperties": False,
    }


def words(node: Mapping[str, Any], *names: str) -> dict[str, str]:
    """Return a copy of the named members of an object, such as its description; absent members are left out."""
    return {name: node[name] for name in names if name in node}


def translate(schema: Any) -> Any:
    """Return an OpenAPI 3.0 schema rewritten for AsyncAPI.

    `discriminator` is left out, because the keyword means something else in AsyncAPI, and `oneOf` alone accepts the same values. A list
    with one value becomes `const`: generators make a numbered type of the list, and a literal of the constant.
    """
    match schema:
        case {"$ref": _}:
            return dict(schema)
        case dict():
            translated = dict(
                _keyword(keyword, value) for keyword, value in schema.items() if keyword != "discriminator"
            )
            return translated if "enum" not in schema or is_value_list(schema) else _with_const(translated)
        case list():
            return [translate(each) for each in schema]
        case _:
            return schema


def _with_const(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "const" if keyword == "enum" else keyword: value[0] if keyword == "enum" else value
        for keyword, value in schema.items()
    }


def _keyword(keyword: str, value: Any) -> tuple[str, Any]:
    match keyword:
        case "example":
            return "examples", [value]
        case "enum" | "default":
            return keyword, deepcopy(value)
        case "properties":
            return keyword, {name: translate(each) for name, each in value.items()}
        case _:
            return keyword, translate(value)


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    examples = [example["value"] for example in parameter.get("examples", {}).values()]
    if "example" in parameter:
        examples.append(parameter["example"])
    return {**translate(parameter["schema"]), **words(parameter, "description"), "examples": deepcopy(examples)}


def _referred(node: Any) -> Iterator[str]:
    match node:
        case {"$ref": str(reference)} if reference.startswith("#/components/schemas/"):
            yield str(parse_reference(reference)[2])  # also if the reference leads to a part of the component
        case dict():
            for value in node.values():
                yield from _referred(value)
        case list():
            for value in node:
                yield from _referred(value)
