from __future__ import annotations

import json

import pytest

from app.check.foreign_json import NESTING_LEVELS, read_json


def test_numbers_are_read_as_python_numbers() -> None:
    assert read_json("[1, 1.5, 1e308, 9007199254740993]") == [1, 1.5, 1e308, 9007199254740993]


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "[1e400]", "-1e999", "[" * 100_000, "{,}", "\ufeff{}"])
def test_json_that_parsers_read_in_different_ways_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.|Expecting|BOM"):
        read_json(text)
    with pytest.raises(ValueError, match=r"\.|Expecting|BOM"):
        read_json(text.encode())


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"x":', "}"), ('[{"]}": ', "}]")])
def test_nesting_is_bounded_in_the_same_way_on_every_python(opening: str, closing: str) -> None:
    times = NESTING_LEVELS // len(closing)
    assert read_json(opening * times + "7" + closing * times)
    with pytest.raises(ValueError, match="nested deeper than 100 levels"):
        read_json("[" + opening * times + "7" + closing * times + "]")


@pytest.mark.parametrize("text", ["[" * 500, '\\"[' * 500, "[]" * 500])
def test_brackets_count_as_nesting_only_while_they_are_open_and_not_in_a_string(text: str) -> None:
    value = {"in a string": text, "beside each other": [{}, []] * 500}
    assert read_json(json.dumps(value)) == value
