"""Random schemas, data that they allow, and random tables for them; and what a table does to data, step by step."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from random import Random
from typing import Any, Final, TypeAlias

from app.specification.conversion.table import Drop, Map, Move, Place, Set, Step
from app.specification.strict_json import JsonValue

JsonSchema: TypeAlias = "dict[str, Any]"

NAMES: Final = ("a", "b", "c", "d")
TEXTS: Final = ("x", "y", "z")
LEAVES: Final[tuple[JsonSchema, ...]] = (
    {"type": "string", "enum": ["x"]},
    {"type": "string", "enum": ["x", "y"]},
    {"type": "string", "enum": ["x", "y", "z"]},
    {"type": "string", "maxLength": 1},
    {"type": "string", "maxLength": 2},
    {"type": "integer", "minimum": 1, "maximum": 2},
    {"type": "integer", "minimum": 1, "maximum": 3},
    {"type": "array", "items": {"type": "integer"}, "maxItems": 1},
)


_SET: Final[tuple[JsonValue, ...]] = ("x", "y", 1, {"a": "x"}, {}, {})


class _Made(dict[str, Any]):
    """An object that a step has made: it is there as long as something is in it."""


def random_schema(random: Random, depth: int = 2) -> JsonSchema:
    """Return the schema of a closed object; a few of its properties are such objects."""
    names = random.sample(NAMES, random.randint(1, 3))
    return {
        "type": "object",
        "properties": {name: _part(random, depth) for name in names},
        "required": [name for name in names if random.random() < 0.5],
        "additionalProperties": False,
    }


def _part(random: Random, depth: int) -> JsonSchema:
    if depth > 1 and random.random() < 0.35:
        return random_schema(random, depth - 1)
    return random.choice(LEAVES)


def random_data(random: Random, schema: Mapping[str, Any]) -> Any:
    """Return a value that a schema of this module allows, with its properties in the order of the schema."""
    match schema:
        case {"properties": dict(parts)}:
            given = [name for name in parts if name in schema["required"] or random.random() < 0.5]
            return {name: random_data(random, parts[name]) for name in given}
        case {"enum": list(values)}:
            return random.choice(values)
        case {"type": "string"}:
            return random.choice(["", *TEXTS, "xx"][: 3 + schema["maxLength"]])
        case {"type": "integer"}:
            return random.randint(schema["minimum"], schema["maximum"])
    return random.choice([[], [7]])


def random_steps(random: Random, schema: Mapping[str, Any]) -> list[Step]:
    places = [*_places(schema), *((name,) for name in NAMES), ("a", "b"), ("b", "c")]
    return [_random_step(random, places) for _ in range(random.randint(0, 4))]


def _random_step(random: Random, places: list[Place]) -> Step:
    place = random.choice(places)
    match random.choice(("move", "move", "drop", "set", "map")):
        case "move":
            return Move(place, random.choice(places))
        case "drop":
            return Drop(place)
        case "set":
            return Set(place, random.choice(_SET))
    values = {text: random.choice(TEXTS) for text in random.sample(TEXTS, random.randint(1, 3))}
    return Map(place, values, ("z",) if random.random() < 0.3 else ())


def opposite(steps: list[Step], schema: Mapping[str, Any], random: Random) -> list[Step]:
    """Return steps that undo others, as far as that can be; now and then, something is forgotten, or another step is added.

    `schema`: that of the data before the steps.
    """
    undone: list[Step] = []
    for step in reversed(steps):
        match step:
            case Move(place, target):
                undone.append(Move(target, place))
            case Set(place, _):
                undone.append(Drop(place))
            case Drop(place) if random.random() < 0.5:
                undone.append(Set(place, "x"))
            case Map(place, values, _):
                back = {str(value): text for text, value in values.items()}
                texts = random.sample(TEXTS, len(TEXTS)) if random.random() < 0.3 else list(back.values())
                undone.append(Map(place, dict(zip(back, texts, strict=False)), ()))
    if random.random() < 0.3:
        undone.insert(random.randint(0, len(undone)), _random_step(random, list(_places(schema))))
    return undone


def _places(schema: Mapping[str, Any], place: Place = ()) -> Iterator[Place]:
    for name, part in schema.get("properties", {}).items():
        yield (*place, name)
        yield from _places(part, (*place, name))


def by_steps(data: Any, steps: list[Step]) -> Any:
    """Return what steps make of data, one after the other."""
    root = json.loads(json.dumps(data))
    for step in steps:
        _do(root, step)
    return json.loads(json.dumps(root))


def _do(root: Any, step: Step) -> None:
    around, name = _around(root, step.place), step.place[-1]
    if isinstance(step, Set):
        if around is not None:
            there = around.setdefault(name, deepcopy(step.value))
            around[name] = dict(there) if isinstance(there, _Made) else there  # from now on, it stays
        return
    if around is None or name not in around:
        return
    match step:
        case Drop():
            del around[name]
        case Move(_, target):
            value = around.pop(name)
            _remove_empty(root, step.place)
            _make(root, target)[target[-1]] = value
        case Map(_, values, otherwise):
            text = str(around[name])  # of what is not a text, no outcome is proved
            around[name] = values.get(text, otherwise[0] if otherwise else None)
    _remove_empty(root, step.place)


def _around(root: Any, place: Place) -> Any:
    found = root
    for name in place[:-1]:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _make(root: Any, place: Place) -> Any:
    found = root
    for name in place[:-1]:
        found = found.setdefault(name, _Made())
    return found


def _remove_empty(root: Any, place: Place) -> None:
    """Remove the objects around a place that a step had made and in which nothing is left."""
    for length in range(len(place) - 1, 0, -1):
        around = _around(root, place[:length])
        if around is not None and around.get(place[length - 1]) == {} and isinstance(around[place[length - 1]], _Made):
            del around[place[length - 1]]
