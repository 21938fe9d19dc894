"""Decide whether one schema allows only what another schema allows.

Each keyword of the wider schema must be implied by the narrower one. What cannot be decided counts as not contained: the answer may be too
strict, but it is never too lenient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from app.specification.pointer import Pointer
from app.specification.schema.contradiction import contradict
from app.specification.schema.implied_keywords import IMPLIES
from app.specification.schema.verdict import compile_verdict

JsonSchema: TypeAlias = Mapping[str, Any]
Property: TypeAlias = "JsonSchema | bool"
"""What a property may be: True stands for any value, and False for a property that must not be there."""


class Excess(NamedTuple):
    """A reason why a schema may allow more than another: the place of the values in question, and the keyword that may refuse them."""

    pointer: Pointer
    keyword: str


def excess(narrower: JsonSchema, wider: JsonSchema, place: Pointer = ()) -> Excess | None:
    """Return a reason why `narrower` may allow a value that `wider` does not; None if it allows no such value.

    `place`: where the values are in the data, as the beginning of the pointer in the result.
    """
    together = list(_conjuncts(narrower))
    values = _few_values(together)
    if values is not None:
        allowed, accepted = compile_verdict(narrower), compile_verdict(wider)
        return Excess(place, "enum") if any(allowed(each) and not accepted(each) for each in values) else None
    found = _by_keywords(together, wider, place)
    for keyword in ("anyOf", "oneOf"):
        if found is not None and keyword in narrower:
            found = _first(excess(_chosen(narrower, keyword, each), wider, place) for each in narrower[keyword])
    return None if found is not None and contradict(together, {}) else found


def _conjuncts(schema: JsonSchema) -> Iterator[JsonSchema]:
    """Yield a schema and the schemas in its `allOf`: a value satisfies all of them."""
    yield schema
    for part in schema.get("allOf", ()):
        yield from _conjuncts(part)


def _few_values(together: Sequence[JsonSchema]) -> list[Any] | None:
    """Return a list with all values that satisfy the schemas, and perhaps others; None if there is no such list."""
    listed = (each.get("enum", _FEW.get(each.get("type", ""))) for each in together)
    return next((list(values) for values in listed if values is not None), None)


def _chosen(schema: JsonSchema, keyword: str, alternative: JsonSchema) -> JsonSchema:
    rest = {name: value for name, value in schema.items() if name != keyword}
    return {**rest, "allOf": [*rest.get("allOf", ()), alternative]}


def _by_keywords(together: Sequence[JsonSchema], wider: JsonSchema, place: Pointer) -> Excess | None:
    kinds = {_KINDS.get(each["type"], each["type"]) for each in together if "type" in each}
    for kind, keywords in _KEYWORDS.items():
        if not kind or kinds <= {kind}:
            present = [keyword for keyword in keywords if keyword in wider]
            found = _first(_by_keyword(keyword, together, wider, place) for keyword in present)
            if found is not None:
                return found
    return None


def _by_keyword(keyword: str, together: Sequence[JsonSchema], wider: JsonSchema, place: Pointer) -> Excess | None:
    if keyword in IMPLIES and any(IMPLIES[keyword](each, wider[keyword]) for each in together):
        return None
    rule = _BY_PARTS.get(keyword)
    return Excess(place, keyword) if rule is None else rule(together, wider, place)


def _first(found: Iterable[Excess | None]) -> Excess | None:
    return next((each for each in found if each is not None), None)


def _required(together: Sequence[JsonSchema], wider: JsonSchema, place: Pointer) -> Excess | None:
    sure = {name for each in together for name in each.get("required", ())}
    return _first(Excess((*place, name), "required") for name in wider["required"] if name not in sure)


def _properties(together: Sequence[JsonSchema], wider: JsonSchema, place: Pointer) -> Excess | None:
    for name, part in wider["properties"].items():
        reasons = [_of_property(_property(each, name), part, (*place, name)) for each in together]
        if None not in reasons:
            return reasons[0]
    return None


def _additional(together: Sequence[JsonSchema], wider: JsonSchema, place: Pointer) -> Excess | None:
    others = wider["additionalProperties"]
    reasons = []
    for each in together:
        names = [name for name in each.get("properties", {}) if name not in wider.get("properties", {})]
        found = [_of_property(each["properties"][name], others, (*place, name)) for name in names]
        reasons.append(_first([*found, _of_property(each.get("additionalProperties", True), others, (*place, _ANY))]))
    return reasons[0] if None not in reasons else None


def _property(schema: JsonSchema, name: str) -> Property:
    found: Property = schema.get("properties", {}).get(name, schema.get("additionalProperties", True))
    return found


def _of_property(narrower: Property, wider: Property, place: Pointer) -> Excess | None:
    if narrower is False or wider is True:
        return None
    if wider is False:
        return Excess(place, "additionalProperties")
    return excess({} if narrower is True else narrower, wider, place)


def _items(together: Sequence[JsonSchema], wider: JsonSchema, place: Pointer) -> Excess | None:
    reasons = [excess(each.get("items", {}), wider["items"], (*place, _ANY)) for each in together]
    return None if None in reasons or any(each.get("maxItems") == 0 for each in together) else reasons[0]


def _all(together: Sequence[JsonSchema], wider: JsonSchema, place: Pointer) -> Excess | None:
    return _first(excess({"allOf": together}, each, place) for each in wider["allOf"])


def _any(together: Sequence[JsonSchema], wider: JsonSchema, place: Pointer) -> Excess | None:
    contained = any(excess({"allOf": together}, each, place) is None for each in wider["anyOf"])
    return None if contained else Excess(place, "anyOf")


def _one(together: Sequence[JsonSchema], wider: JsonSchema, place: Pointer) -> Excess | None:
    """Each value is valid by one of the schemas, and by no other one: the others contradict what is known of it."""
    schemas = wider["oneOf"]
    for index, chosen in enumerate(schemas):
        others = [*schemas[:index], *schemas[index + 1 :]]
        exclusive = all(contradict([*together, other], {}) for other in others)
        if exclusive and excess({"allOf": together}, chosen, place) is None:
            return None
    return Excess(place, "oneOf")


def _not(together: Sequence[JsonSchema], wider: JsonSchema, place: Pointer) -> Excess | None:
    """No value is valid by the refused schema: that contradicts what is known of it, or is contained in what is refused already."""
    refused = wider["not"]
    if contradict([*together, refused], {}):
        return None
    known = any("not" in each and excess(refused, each["not"]) is None for each in together)
    return None if known else Excess(place, "not")


_ANY: Final = "…"  # in a pointer, any item or any property that is not listed
_FEW: Final = {"boolean": [False, True], "null": [None]}
_KINDS: Final = {"integer": "number"}
_KEYWORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("type", "enum", "allOf", "anyOf", "oneOf", "not"),
    "object": ("required", "properties", "additionalProperties", "minProperties", "maxProperties"),
    "string": ("format", "pattern", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "multipleOf"),
    "array": ("items", "minItems", "maxItems", "uniqueItems"),
}
"""The keywords that refuse values, by the kind of the values."""

_BY_PARTS: Final[Mapping[str, Callable[[Sequence[JsonSchema], JsonSchema, Pointer], Excess | None]]] = {
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "allOf": _all,
    "anyOf": _any,
    "oneOf": _one,
    "not": _not,
}
"""The rules of keywords that have schemas in them: they take schemas that a value satisfies all, and the wider schema."""
