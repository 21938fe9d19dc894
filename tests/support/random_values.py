"""JSON values at random: strings and numbers that validators may read differently, and values with one part changed."""

from __future__ import annotations

import random
import string
from typing import Any

from app.specification.strict_json import JsonValue

STRINGS = (
    *("", "a", "a\n", "\na", " ", "é", "e\u0301", "\u2028", "\ufeff", "\x00", "\U0001f4e6", "x" * 129, "\uff11"),
    *("or_1", "1.0.0", "01.0.0", "1.0.0\n", "expired", "drain", "2024-05-01", "0000-05-01", "2023-02-29"),
    *("2024-05-01T10:00:00Z", "2024-05-01t10:00:00Z", "2016-12-31T23:59:60Z", "0000-05-01T10:00:00Z"),
    *("2024-05-01T10:00:00.5-03:00", "2023-02-29T10:00:00Z", "2024-05-01T10:00:00Z\n", "2024-05-01T24:00:00Z"),
)
NUMBERS = (
    0,
    -0.0,
    1,
    1.0,
    -1,
    2,
    3,
    1.5,
    0.1,
    0.3,
    1e20,
    1e308,
    5e-324,
    2**53 - 1,
    -(2**53) + 1,
    2**53 + 1,
    2**70,
    7.0,
)
NAMES = ("orderId", "when", "reason", "carrier", "eventType", "data", "eventId", "schemaVersion", "a", "b", "", "é")
CHARACTERS = string.printable + "é\u2028\u00a0\ufeff\x00\x85\U0001f4e6\uff11"


def any_value(dice: random.Random, depth: int = 2) -> JsonValue:
    match dice.randrange(9 if depth else 6):
        case 0:
            return dice.choice((None, True, False))
        case 1 | 2:
            return dice.choice(NUMBERS)
        case 3 | 4 | 5:
            return dice.choice(STRINGS)
        case 6 | 7:
            return {dice.choice(NAMES): any_value(dice, depth - 1) for _ in range(dice.randrange(4))}
        case _:
            return [any_value(dice, depth - 1) for _ in range(dice.randrange(4))]


def any_text(dice: random.Random, text: str) -> str:
    """Return a similar text: one character added, removed or replaced."""
    at = dice.randrange(len(text) + 1)
    return text[:at] + dice.choice(("", dice.choice(CHARACTERS))) + text[at + dice.randrange(2) :]


def mutated(dice: random.Random, value: Any) -> Any:
    """Return a value with one part changed."""
    match value:
        case dict() if value and dice.random() < 0.8:
            name = dice.choice(sorted(value))
            match dice.randrange(6):
                case 0:
                    return {key: part for key, part in value.items() if key != name}
                case 1:
                    return {**value, dice.choice(NAMES): any_value(dice)}
                case _:
                    return {**value, name: mutated(dice, value[name])}
        case list() if value and dice.random() < 0.8:
            at = dice.randrange(len(value))
            return [*value[:at], mutated(dice, value[at]), *value[at + 1 :]]
        case str() if dice.random() < 0.8:
            return any_text(dice, value)
        case _:
            return any_value(dice)
