"""Decide whether no value can satisfy several schemas at once, such as two alternatives of a `oneOf`.

Only contradictions that are easy to see are found: different types, lists of values without a common value, bounds that leave
nothing between them, and a property that must be there but cannot be. This is enough for alternatives that differ in the value of
one property, such as `eventType`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from app.specification.pointer import lookup, parse_reference

_BOUNDS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "string": (("minLength", "maxLength"),),
    "number": (("minimum", "maximum"),),
    "array": (("minItems", "maxItems"),),
    "object": (("minProperties", "maxProperties"),),
    "boolean": (),
    "null": (),
}
"""The kinds of values, and the keywords that bound them from below and from above; an integer is of the kind number."""


def contradict(schemas: Iterable[Any], document: Mapping[str, Any]) -> bool:
    """Return whether no value is valid by all the given schemas together; False also if this cannot be decided.

    `document`: the document in which the references of the schemas are looked up.
    """
    together: list[Mapping[str, Any]] = []
    for each in (each for schema in schemas for each in _conjuncts(schema, document)):
        if each not in together:  # each list of alternatives that comes twice would multiply the work
            together.append(each)
    kinds = set(_BOUNDS).intersection(*map(_kinds, together))
    if _no_common_value(together) or all(_nothing_between(together, kind) for kind in kinds):
        return True
    return (kinds == {"object"} and _impossible_property(together, document)) or _no_alternative(together, document)


def _conjuncts(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the schema that a reference leads to, or the schema itself, and recursively the schemas in its `allOf`."""
    if "$ref" in schema:
        yield from _conjuncts(lookup(document, *parse_reference(schema["$ref"])), document)
        return
    yield {keyword: value for keyword, value in schema.items() if keyword != "allOf"}
    for part in schema.get("allOf", ()):
        yield from _conjuncts(part, document)


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    of_type = {schema["type"]} if "type" in schema else set(_BOUNDS)
    of_values = {_kind(value) for value in schema["enum"]} if "enum" in schema else set(_BOUNDS)
    return {"number" if kind == "integer" else kind for kind in of_type} & of_values


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case None:
            return "null"
    return "array" if isinstance(value, list) else "object"


def _no_common_value(schemas: Sequence[Mapping[str, Any]]) -> bool:
    lists = [each["enum"] for each in schemas if "enum" in each]
    return bool(lists) and not any(all(_holds(values, value) for values in lists) for value in lists[0])


def _holds(values: Sequence[Any], value: Any) -> bool:
    return any(value == each and _kind(value) == _kind(each) for each in values)


def _nothing_between(schemas: Sequence[Mapping[str, Any]], kind: str) -> bool:
    for least, most in _BOUNDS[kind]:
        lowest = max((each[least] for each in schemas if least in each), default=float("-inf"))
        highest = min((each[most] for each in schemas if most in each), default=float("inf"))
        if lowest > highest:
            return True
    return False


def _impossible_property(schemas: Sequence[Mapping[str, Any]], document: Mapping[str, Any]) -> bool:
    """Return whether a property that one of the schemas requires is forbidden, or has contradictory schemas."""
    for name in {name for each in schemas for name in each.get("required", ())}:
        found = [each.get("properties", {}).get(name, each.get("additionalProperties", True)) for each in schemas]
        if False in found or contradict((each for each in found if each is not True), document):
            return True
    return False


def _no_alternative(schemas: Sequence[Mapping[str, Any]], document: Mapping[str, Any]) -> bool:
    """Return whether each alternative of the first list contradicts the rest of the schemas, among which are the other lists."""
    for index, schema in enumerate(schemas):
        for keyword in {"anyOf", "oneOf"} & schema.keys():
            rest = {name: value for name, value in schema.items() if name != keyword}
            others = [*schemas[:index], *schemas[index + 1 :], rest]
            return all(contradict([*others, each], document) for each in schema[keyword])
    return False
