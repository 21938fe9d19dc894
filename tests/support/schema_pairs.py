"""Random pairs of schemas, an old and a new one with small differences, and values that may tell them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from random import Random
from typing import Any, Final, NamedTuple, TypeAlias

JsonSchema: TypeAlias = "dict[str, Any]"

COMPONENTS: Final = "#/components/schemas/"
LISTS: Final = ("allOf", "anyOf", "oneOf")
TYPES: Final = ("integer", "number", "string", "object", "array", "boolean", "any")
NAMES: Final = ("a", "b", "c")
WORDS: Final = ("", "a", "b", "ab", "abc", "1", "A", " ", "\u00a0", "2024-05-01")
PATTERNS: Final = (
    *("^a", "b", "^.$", ".*", "^a?b?$", "^[ab]*$", "^[a-c]+$", "^[a-c]{1,3}$"),
    *(r"\s", r"^\S*$", r"^\w+$", r"^[\d\s]$"),
    *("^(a|b)$", "^(a|b|ab)?$", "^(?:ab?|1)+$", "^(?:a(b|c)*|)$", "^$|b$", "(?!a)b"),
)
DEEPEST: Final = 2


class SchemaPair(NamedTuple):
    """An old and a new document, each a map of schemas by name: `Root` is compared, and it may refer to `One` and `Two`."""

    before: dict[str, JsonSchema]
    now: dict[str, JsonSchema]


def schema_pair(random: Random) -> SchemaPair:
    """Make two documents that differ in one or two places."""
    before = {"One": _schema(random, 1), "Two": _schema(random, 1), "Root": _schema(random, DEEPEST, refers=True)}
    now = deepcopy(before)
    while now == before or random.random() < 0.2:
        _mutate(random, now)
    return SchemaPair(before, now)


def _schema(random: Random, depth: int, of_type: str | None = None, *, refers: bool = False) -> JsonSchema:
    if refers and depth < DEEPEST and random.random() < 0.2:
        return {"$ref": COMPONENTS + random.choice(("One", "Two"))}
    kind = of_type or random.choice(TYPES)
    schema: JsonSchema = {} if kind == "any" else {"type": kind}
    for keyword, value in _KEYWORDS.get(kind, {}).items():
        if random.random() < 0.35:
            schema[keyword] = value(random)
    if depth and kind == "array" and random.random() < 0.5:
        schema["items"] = _schema(random, depth - 1, refers=refers)
    if depth and kind == "object":
        names = random.sample(NAMES, random.randint(0, 2))
        schema["properties"] = {name: _schema(random, depth - 1, refers=refers) for name in names}
    if depth and random.random() < 0.3:
        within = None if kind == "any" else kind
        count = random.randint(1, 3)
        schema[random.choice(LISTS)] = [_schema(random, depth - 1, within, refers=refers) for _ in range(count)]
    if depth and random.random() < 0.1:
        schema["not"] = _schema(random, random.randint(0, depth - 1), refers=refers)
    return schema


def _one_of(*values: Any) -> Callable[[Random], Any]:
    return lambda random: deepcopy(random.choice(values))  # schemas are changed in place


def _some_of(*values: Any) -> Callable[[Random], list[Any]]:
    return lambda random: random.sample(values, random.randint(1, min(3, len(values))))


_NUMBERS: Final = {
    "minimum": _one_of(-1, 0, 1, 2, 3, 4, 0.5, 1.5),
    "maximum": _one_of(2, 3, 4, 5, 6, 7, 2.5, 6.5),
    "multipleOf": _one_of(1, 2, 3, 0.5, 0.1, 0.3),
    "enum": _some_of(1, 2, 3, 5),
}
_KEYWORDS: Final[Mapping[str, Mapping[str, Callable[[Random], Any]]]] = {
    "integer": _NUMBERS,
    "number": _NUMBERS,
    "string": {
        "minLength": _one_of(0, 1, 2),
        "maxLength": _one_of(1, 2, 3),
        "pattern": _one_of(*PATTERNS),
        "format": _one_of("date"),
        "enum": _some_of(*WORDS),
        "x-extensible": _one_of(True, False),
    },
    "array": {"minItems": _one_of(0, 1, 2), "maxItems": _one_of(1, 2, 3), "uniqueItems": _one_of(True, False)},
    "object": {
        "required": _some_of(*NAMES),
        "additionalProperties": _one_of(False, False, True, {}, {"type": "integer"}, {"type": "string"}),
        "minProperties": _one_of(0, 1, 2),
        "maxProperties": _one_of(1, 2, 3),
    },
    "any": {"enum": _some_of(1, "a", None, True, "b"), "required": _some_of(*NAMES), "minimum": _one_of(0, 1, 2)},
}


def _mutate(random: Random, document: dict[str, JsonSchema]) -> None:
    """Change one schema of a document: a keyword, a property, or a list of schemas."""
    schema = random.choice([each for root in document.values() for each in schemas_in(root) if "$ref" not in each])
    keyword = random.choice(sorted({*schema, *LISTS, "not", "properties"}))
    if keyword in LISTS:
        _mutate_list(random, schema, keyword)
    elif keyword == "properties" and random.random() < 0.7:
        schema.setdefault("properties", {})[random.choice(NAMES)] = _schema(random, 0)
    elif keyword in schema and random.random() < 0.5:
        del schema[keyword]
    elif keyword == "not":
        schema["not"] = _schema(random, 1, random.choice((None, schema.get("type"))))
    else:
        schema.update(_schema(random, 1, schema.get("type", "any")))


def _mutate_list(random: Random, schema: JsonSchema, keyword: str) -> None:
    kind = schema.get("type")
    within = schema.setdefault(keyword, [])
    change = random.choice(("add", "add", "drop", "reverse", "change", "gone"))
    if change == "add" or not within:
        within.insert(random.randint(0, len(within)), _schema(random, 0, kind))
    elif change == "reverse":
        within.reverse()
    elif change == "change":
        within[random.randrange(len(within))] = _schema(random, 0, kind)
    elif change == "drop" and len(within) > 1:
        within.pop(random.randrange(len(within)))
    else:
        del schema[keyword]


def schemas_in(schema: JsonSchema) -> Iterator[JsonSchema]:
    """Yield a schema and all schemas within it."""
    yield schema
    parts = [*schema.get("properties", {}).values(), *(part for keyword in LISTS for part in schema.get(keyword, ()))]
    parts += [schema[name] for name in ("items", "not", "additionalProperties") if isinstance(schema.get(name), dict)]
    for part in parts:
        yield from schemas_in(part)


def resolved(schema: Any, document: Mapping[str, JsonSchema]) -> Any:
    """Return a schema in which each reference is replaced by the component that it leads to."""
    match schema:
        case {"$ref": str(reference)}:
            return resolved(document[reference.removeprefix(COMPONENTS)], document)
        case dict():
            return {key: resolved(value, document) for key, value in schema.items()}
        case list():
            return [resolved(each, document) for each in schema]
    return schema


_SMALL: Final[tuple[Any, ...]] = (None, True, False, *range(-2, 9), 0.1, 0.3, 0.5, 0.9, 1.5, 2.0, 2.5, *WORDS)
_IN_OBJECTS: Final[tuple[Any, ...]] = (0, 1, 3, 5.5, "a", "ab", "\u00a0", True, None, [], {}, {"a": 1}, {"b": "a"}, [1])
_FIRST: Final[tuple[Any, ...]] = (1, "a", {})
VALUES: Final[tuple[Any, ...]] = (
    *_SMALL,
    *([first] for first in _SMALL),
    *([first, second] for first in _FIRST for second in (1, 2, "a", "ab", None)),
    *([], [1, 2, 3], [1, 1, 2], ["a", "b", "c"], [{"a": 1}], [{"b": 1}], [1, 2, 3, 4]),
    {},
    *({name: value} for name in (*NAMES, "d") for value in _IN_OBJECTS),
    *(
        {one: value, other: second}
        for one, other in (("a", "b"), ("b", "c"), ("a", "c"), ("a", "d"))
        for value in (1, "a", 5)
        for second in (1, "ab", None, 5)
    ),
    {"a": 1, "b": 1, "c": 1},
    {"a": "a", "b": 2, "c": "a"},
    {"a": 1, "b": 1, "c": 1, "d": 1},
)
"""Values of all kinds, among them the bounds of the random schemas and the values next to them."""
