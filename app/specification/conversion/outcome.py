"""The schema of everything that a template can produce from data that its source schema allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.specification.conversion.presence import NEVER, follows
from app.specification.conversion.template import Constant, Filled, Mapped, Members, Node, Taken
from app.specification.strict_json import JsonValue


class Unmapped(Exception):
    """Raised when a step `map` has no value for a text that may come; the message says which one."""


def outcome(node: Node) -> dict[str, Any]:
    """Return a schema that allows every value which a template can produce. Raises Unmapped if it cannot produce one."""
    match node:
        case Taken(_, schema, _):
            return dict(schema)
        case Constant(value, _):
            return {"enum": [value]}
        case Filled(inner, value, there):
            found = outcome(inner)
            return found if follows(inner.there, there) else {"anyOf": [found, {"enum": [value]}]}
        case Mapped(inner, values, otherwise):
            return {"enum": images(texts(inner), values, otherwise)}
        case Members(members, _):
            present = {name: each for name, each in members.items() if each.there != NEVER}
            return {
                "type": "object",
                "required": [name for name, each in present.items() if follows(each.there, node.there)],
                "properties": {name: outcome(each) for name, each in present.items()},
                "additionalProperties": False,
            }


def texts(node: Node) -> Sequence[str] | None:
    """Return the texts that a node can produce; None if they are not listed. Raises Unmapped if it can produce another value."""
    values: Sequence[JsonValue] | None
    match node:
        case Taken(_, schema, _):
            values = schema.get("enum")
            if values is None and schema.get("type") == "string":
                return None
        case Constant(value, _):
            values = [value]
        case Filled(inner, value, _):
            listed = texts(inner)
            if listed is None and isinstance(value, str):
                return None
            values = [*(listed or ()), value]
        case Mapped(inner, mapping, otherwise):
            values = images(texts(inner), mapping, otherwise)
        case Members():
            values = None
    found = [value for value in values or () if isinstance(value, str)]
    if values is None or len(found) < len(values):
        raise Unmapped("maps a value that is not always a text")
    return found


def images(
    listed: Sequence[str] | None, values: Mapping[str, JsonValue], otherwise: tuple[JsonValue, ...]
) -> list[JsonValue]:
    """Return what the texts of a node are mapped to; `listed` is None if the node may have any text."""
    if listed is None:
        if not otherwise:
            raise Unmapped('maps a text that may be any, so it needs an "else"')
        return [*values.values(), *otherwise]
    for text in listed:
        if text not in values and not otherwise:
            raise Unmapped(f"has no value for {text!r}")
    return [values[text] if text in values else otherwise[0] for text in listed]
