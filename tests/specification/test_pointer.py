from __future__ import annotations

import pytest

from app.specification.pointer import Pointer, parse_pointer, parse_reference, write_pointer

# https://www.rfc-editor.org/rfc/rfc6901#section-5
TEXTS: dict[str, Pointer] = {
    "": (),
    "/foo": ("foo",),
    "/foo/0": ("foo", "0"),
    "/": ("",),
    "/a~1b": ("a/b",),
    "/c%d": ("c%d",),
    "/m~0n": ("m~n",),
    "/~01": ("~1",),
    "/~10": ("/0",),
}


@pytest.mark.parametrize(("text", "pointer"), TEXTS.items())
def test_pointer_is_read_and_written_as_rfc_6901_shows(text: str, pointer: Pointer) -> None:
    assert parse_pointer(text) == pointer
    assert write_pointer(pointer) == text


def test_index_is_written_as_a_number() -> None:
    assert write_pointer(("oneOf", 2)) == "/oneOf/2"


def test_reference_within_a_document_is_a_pointer_behind_a_hash() -> None:
    assert parse_reference("#/paths/~1events~1orders/get") == ("paths", "/events/orders", "get")
