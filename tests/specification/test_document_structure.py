"""jsonschema-rs and jsonschema agree about the structure of the document, over random mutations of it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from openapi_spec_validator.schemas import schema_v30

from app.specification.contracts import load_contracts
from app.specification.document import load_document
from app.specification.errors import InvalidContract
from app.specification.openapi.validity.openapi_rules import check_structure

ROOT = Path(__file__).parents[2]
DOCUMENT = load_document(ROOT, load_contracts(ROOT / "contracts")).json
VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    1.5,
    "",
    "x y",
    "GET",
    "[",
    [],
    ["a", "a"],
    {},
    {"a": {}},
    {"$ref": "#/a"},
    {"type": "string"},
)
NAMES = (
    "$ref",
    "in",
    "name",
    "required",
    "schema",
    "content",
    "x-own",
    "description",
    "responses",
    "type",
    "default",
    "299\n",
)

Place = tuple[str | int, ...]


def places(node: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, part in parts:
        yield from places(part, (*place, name))


def mutated(dice: random.Random) -> dict[str, Any]:
    """Yield documents with one member removed, replaced or added."""
    document: dict[str, Any] = json.loads(DOCUMENT)
    *above, last = dice.choice([place for place in places(document) if place])
    around: Any = document
    for name in above:
        around = around[name]
    match dice.randrange(3):
        case 0:
            del around[last]
        case 1:
            around[last] = dice.choice(VALUES)
        case _ if isinstance(around, dict):
            around[dice.choice(NAMES)] = dice.choice(VALUES)
    return document


@pytest.mark.usefixtures("untraced")
def test_values_that_jsonschema_refuses_are_refused() -> None:
    dice = random.Random(30)
    wrong = 0
    for _ in range(120):
        document = mutated(dice)
        if not Draft4Validator(schema_v30).is_valid(document):
            wrong += 1
            with pytest.raises(InvalidContract):
                check_structure(document)
    assert wrong > 20
