"""The dialect of JSON Schema that contracts are written in: what 2020-12 and OpenAPI 3.0 both understand, and alike.

A keyword outside it is refused when a schema is compiled, because one of the two would pass over it in silence. `$ref`
is among the refused: a schema is read from one place, and nothing is ever fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.specification.pointer import Pointer
from app.specification.schema.keywords import FORMATS, ecma_pattern
from app.specification.schema.messages import MESSAGES

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_STRUCTURE = frozenset({"properties", "items", "allOf"})  # what breaks is a schema within
_ANNOTATIONS = frozenset(
    {
        *("$schema", "$id", "title", "description", "default", "example", "deprecated"),
        *("discriminator", "externalDocs", "readOnly", "writeOnly", "xml"),
    }
)
_UNCHECKED_FORMATS = frozenset({"int32", "int64", "float", "double"})  # OpenAPI's hints to generators of code


def refusals(schema: object, path: Pointer = ()) -> Iterator[tuple[Pointer, str]]:
    """Find what is outside the dialect in a schema that 2020-12 accepts: where, and why it is refused."""
    if not isinstance(schema, Mapping):
        yield path, "a schema must be an object"
        return
    for keyword, value in schema.items():
        reason = _reason(keyword, value)
        if reason is not None:
            yield (*path, keyword), reason
    for place, part in _parts(schema):
        yield from refusals(part, (*path, *place))


def _reason(keyword: str, value: Any) -> str | None:
    match keyword:
        case "type" if not isinstance(value, str):
            return "a list of types is outside the dialect shared with OpenAPI 3.0"
        case "format" if value not in _UNCHECKED_FORMATS:
            return None if value in FORMATS.checkers else f"nothing here can check the format {value!r}"
        case "pattern":
            return _pattern_fault(value)
    known = keyword in _STRUCTURE or keyword in _ANNOTATIONS or keyword in MESSAGES or keyword.startswith("x-")
    return None if known else f"the keyword {keyword!r} is outside the dialect shared with OpenAPI 3.0"


def _pattern_fault(pattern: str) -> str | None:
    try:
        re.compile(pattern)  # as it stands: what `.` is written as would close an open class
        ecma_pattern(pattern)
    except (re.error, ValueError) as error:  # ValueError: a flag of Python within, such as (?u), which ECMA-262 has not
        return f"the pattern does not compile: {error}"
    return None


def _parts(schema: Mapping[str, Any]) -> Iterator[tuple[Pointer, object]]:
    for name, part in schema.get("properties", {}).items():
        yield ("properties", name), part
    for keyword in ("allOf", "anyOf", "oneOf"):
        for index, part in enumerate(schema.get(keyword, ())):
            yield (keyword, index), part
    for keyword in ("items", "not", "additionalProperties"):
        closes = keyword == "additionalProperties" and isinstance(schema.get(keyword), bool)
        if keyword in schema and not closes:
            yield (keyword,), schema[keyword]
