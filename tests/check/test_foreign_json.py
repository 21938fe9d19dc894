from __future__ import annotations

import pytest

from app.check.foreign_json import read_json


def test_numbers_are_read_as_python_numbers() -> None:
    assert read_json("[1, 1.5, 1e308, 9007199254740993]") == [1, 1.5, 1e308, 9007199254740993]


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "[1e400]", "-1e999", "[" * 100_000, "{,}", "\ufeff{}"])
def test_json_that_parsers_read_in_different_ways_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.|Expecting|BOM"):
        read_json(text)
