"""The bound of the number of values in a JSON text: the same verdict as counting the values of the parsed text."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from app.specification.errors import TooManyValues
from app.specification.json_size import check_number_of_values


def has_more_than(maximum: int, text: bytes) -> bool:
    try:
        check_number_of_values(text, maximum)
    except TooManyValues as error:
        assert str(maximum) in str(error)  # noqa: PT017  # the message is a part of what is asked for
        return True
    return False


def commas_and_brackets(value: Any) -> int:
    """Count the opening brackets of a value, and the commas between its values."""
    if not isinstance(value, dict | list):
        return 0
    members = list(value.values()) if isinstance(value, dict) else value
    return max(1, len(members)) + sum(map(commas_and_brackets, members))


def drawn(dice: random.Random, levels: int) -> Any:
    kind = dice.choice("0s" if levels == 0 else "0s[{")
    if kind == "[":
        return [drawn(dice, levels - 1) for _ in range(dice.randrange(5))]
    if kind == "{":
        return {drawn_text(dice): drawn(dice, levels - 1) for _ in range(dice.randrange(5))}
    return drawn_text(dice) if kind == "s" else dice.choice([0, -1.5e3, True, None])


def drawn_text(dice: random.Random) -> str:
    return "".join(dice.choices('a,[]{}:"\\\n é\u2028', k=dice.randrange(8)))


def test_random_values_are_counted_as_they_parse() -> None:
    dice = random.Random(50_000)
    for _ in range(500):
        value = [drawn(dice, 5) for _ in range(20)]
        count = commas_and_brackets(value)
        for text in (
            json.dumps(value),
            json.dumps(value, ensure_ascii=False, separators=(",", ":"), indent=dice.choice([None, 2])),
        ):
            assert not has_more_than(count, text.encode())
            assert has_more_than(count - 1, text.encode())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"[" + b"{}," * 50_000 + b"{}]", id="objects"),
        pytest.param(b"[" + b"0," * 60_000 + b"0]", id="numbers"),
        pytest.param(b"{" + b",".join(b'"%x":0' % each for each in range(60_000)) + b"}", id="names"),
        pytest.param(b"[" + b'"\\"\\\\",' * 60_000, id="escaped quotes"),
        pytest.param(b"[" + b"{}," * 3_000_000, id="8 MB of objects"),
    ],
)
def test_too_many_values_are_refused(text: bytes) -> None:
    assert has_more_than(50_000, text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b'["' + b",[{" * 100_000 + b'"]', id="all in one string"),
        pytest.param(b'["' + b'\\",' * 100_000 + b'"]', id="behind escaped quotes"),
        pytest.param(b'["' + b"," * 100_000, id="in a string without an end"),
        pytest.param(b'"' * 8_000_000 + b"," * 60_000, id="quotes"),
        pytest.param(b',"' + b"\\" * 8_000_000, id="backslashes"),
        pytest.param(b'"":' * 2_000_000 + b"," * 60_000, id="strings that no comma separates"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_is_in_strings_is_not_counted_and_malformed_text_is_left_to_the_parser(text: bytes) -> None:
    assert not has_more_than(50_000, text)


def test_a_text_with_exactly_as_many_passes() -> None:
    assert not has_more_than(50_000, b"[" + b"0, " * 49_999 + b"0]")
    assert has_more_than(50_000, b"[" + b"0, " * 50_000 + b"0]")
