from __future__ import annotations

import json

import pytest

from app.client.protocol.json_object import NESTING_LEVELS, json_object


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_object_is_read_from_text_and_from_bytes(encoding: str) -> None:
    text = '{"name": "\N{LATIN SMALL LETTER E WITH ACUTE}"}'
    assert json_object(text) == json_object(text.encode(encoding)) == {"name": "\N{LATIN SMALL LETTER E WITH ACUTE}"}


@pytest.mark.parametrize("text", [b"", b"[]", b"7", b"null", b"{", b"\xff{}", "{}".encode("utf-16")])
def test_anything_else_is_not_an_object(text: bytes) -> None:
    assert json_object(text) is None


def test_nesting_is_bounded_in_the_same_way_on_every_python() -> None:
    assert json_object('{"]":' * NESTING_LEVELS + "7" + "}" * NESTING_LEVELS) is not None
    assert json_object('{"]":' * (NESTING_LEVELS + 1) + "7" + "}" * (NESTING_LEVELS + 1)) is None


@pytest.mark.parametrize("text", ["[" * 500, '\\"[' * 500, "[]" * 500])
def test_brackets_count_as_nesting_only_while_they_are_open_and_not_in_a_string(text: str) -> None:
    value = {"in a string": text, "beside each other": [{}, []] * 500}
    assert json_object(json.dumps(value)) == value
