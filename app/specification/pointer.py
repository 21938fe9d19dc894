"""JSON pointers (RFC 6901): write and parse a pointer, look up the value at a pointer, and report an error about that value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from app.specification.errors import InvalidContract

DOCUMENT = "openapi/orders-events.yaml"
"""The path of the OpenAPI document below a contract's root, which is also its name in errors."""

Pointer: TypeAlias = tuple[str | int, ...]
"""A JSON pointer as its reference tokens, unescaped; an item of an array has its index."""


def write_pointer(tokens: Iterable[str | int]) -> str:
    """Write a pointer as text, such as `/paths/~1events~1orders`; the pointer to the whole document is the empty string."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def parse_pointer(text: str) -> Pointer:
    """Parse the text of a JSON pointer into a tuple of its tokens; all tokens are strings, also the indexes of arrays."""
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in text.split("/")[1:])


def parse_reference(reference: str) -> Pointer:
    """Return the JSON pointer in a reference within the same document, such as `#/components/schemas/Problem`."""
    return parse_pointer(reference.removeprefix("#"))


def dotted(pointer: Pointer) -> str:
    """Return a JSON pointer as error messages show it, such as `info.version`: easy to read, not meant to be parsed."""
    return ".".join(map(str, pointer)) or "the document"


def lookup(document: Mapping[str, Any], *pointer: str | int) -> Any:
    """Return the value at a JSON pointer in a document. Raises InvalidContract if the document has no value there."""
    found: Any = document
    for depth, token in enumerate(pointer, start=1):
        if not isinstance(found, Mapping) or token not in found:
            raise contract_error(pointer[:depth], "is missing")
        found = found[token]
    return found


def contract_error(pointer: Pointer, reason: str) -> InvalidContract:
    """Return, without raising it, an InvalidContract error about the value at `pointer`; the error stops the server's start."""
    return InvalidContract(f"{DOCUMENT}: {dotted(pointer)}: {reason}.")
