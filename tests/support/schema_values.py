"""Random values that are valid by a JSON Schema in our dialect, for hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from hypothesis import strategies as st

from app.specification.schema.ecma_pattern import ecma_pattern
from app.specification.schema.schema import compile_schema
from app.specification.strict_json import LARGEST_INTEGER

TEXT = st.characters(exclude_categories=["Cs"])
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1000, 1000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(TEXT, max_size=5),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(TEXT, max_size=5), values, max_size=3),
    max_leaves=8,
)


def values_of(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for the valid values of a schema."""
    compiled = compile_schema(schema, "The schema of random values")
    return _values(schema).filter(lambda value: compiled.violations(value, 1)[1] == 0)


def _values(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:  # noqa: PLR0911  # one for each type
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "oneOf" in schema:
        return st.one_of([_values(each) for each in schema["oneOf"]])
    match schema.get("type"):
        case "string":
            return _texts(schema)
        case "integer":
            least, most = schema.get("minimum", -LARGEST_INTEGER), schema.get("maximum", LARGEST_INTEGER)
            integers = st.integers(least, most)
            return integers | integers.filter(lambda number: abs(number) < 2**53).map(float)
        case "number":
            return st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | st.floats(allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case "array":
            items = _values(schema.get("items", {}))
            return st.lists(items, min_size=schema.get("minItems", 0), max_size=schema.get("maxItems", 3))
        case "object":
            return _objects(schema)
        case _:
            return ANYTHING


def _texts(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        return st.datetimes(timezones=st.just(UTC)).map(lambda when: when.isoformat().replace("+00:00", "Z"))
    if "pattern" in schema:
        return st.from_regex(ecma_pattern(schema["pattern"]), fullmatch=True)
    return st.text(TEXT, min_size=schema.get("minLength", 0), max_size=schema.get("maxLength", 20))


def _objects(schema: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    properties = {name: _values(part) for name, part in schema.get("properties", {}).items()}
    required = {name: properties[name] for name in schema.get("required", ())}
    listed = st.fixed_dictionaries(required, optional={n: v for n, v in properties.items() if n not in required})
    if schema.get("additionalProperties", True) is False:
        return listed
    more = st.dictionaries(st.text(TEXT, max_size=5), ANYTHING, max_size=2)
    return st.builds(lambda known, others: {**others, **known}, listed, more)
