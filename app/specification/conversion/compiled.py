"""Compile a template to a function that converts the data of an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from app.specification.conversion.presence import ALWAYS, Presence
from app.specification.conversion.table import Place
from app.specification.conversion.template import Constant, Filled, Mapped, Members, Node, Taken, is_plain_object
from app.specification.strict_json import JsonValue

Data: TypeAlias = "dict[str, JsonValue]"
Convert: TypeAlias = Callable[[Data], Data]
"""Take the data of an event, which is left as it is, and return other data; the two may share values."""

_ABSENT: Final[Any] = object()
_Take: TypeAlias = Callable[[Any], Any]
"""Take the data of an event; return a value of the converted data, or _ABSENT."""


def compile_template(tree: Members, schema: Mapping[str, Any]) -> Convert:
    """Compile a template. `schema`: that of the outcome; the properties of an object that is put together have its order."""
    return _members(tree, schema)


def _taking(node: Node, schema: Mapping[str, Any]) -> _Take:
    match node:
        case Taken(place):
            return _taken(place)
        case Constant(value, there):
            return _constant(value, there)
        case Filled(inner, value, there):
            return _filled(_taking(inner, schema), _constant(value, there))
        case Mapped(inner, values, otherwise):
            return _mapped(_taking(inner, schema), values, otherwise[0] if otherwise else _ABSENT)
        case Members(_, origin):
            convert = _members(node, schema)
            return _if_any(convert, None if origin is None else _taking(origin, schema))


def _members(tree: Members, schema: Mapping[str, Any]) -> Convert:
    parts = schema.get("properties", {}) if is_plain_object(schema) else {}
    names = [*(name for name in parts if name in tree.members), *(name for name in tree.members if name not in parts)]
    takes = [(name, _taking(tree.members[name], parts.get(name, {}))) for name in names]

    def convert(data: Data) -> Data:
        return {name: value for name, take in takes if (value := take(data)) is not _ABSENT}

    return convert


def _taken(place: Place) -> _Take:
    if len(place) == 1:
        [only] = place
        return lambda data: data.get(only, _ABSENT)
    *around, last = place

    def take(data: Any) -> Any:
        for name in around:
            data = data.get(name)
            if type(data) is not dict:
                return _ABSENT
        return data.get(last, _ABSENT)

    return take


def _constant(value: JsonValue, there: Presence) -> _Take:
    if there == ALWAYS:
        return lambda _: value
    cases = [[_taken(place) for place in case] for case in there]

    def take(data: Data) -> Any:
        for case in cases:
            if all(each(data) is not _ABSENT for each in case):
                return value
        return _ABSENT

    return take


def _filled(take: _Take, otherwise: _Take) -> _Take:
    return lambda data: otherwise(data) if (value := take(data)) is _ABSENT else value


def _mapped(take: _Take, values: Mapping[str, JsonValue], otherwise: JsonValue) -> _Take:
    def mapped(data: Data) -> Any:
        value = take(data)
        return values.get(value, otherwise) if isinstance(value, str) else _ABSENT

    return mapped


def _if_any(convert: Convert, origin: _Take | None) -> _Take:
    if origin is None:
        return lambda data: convert(data) or _ABSENT
    return lambda data: convert(data) or (_ABSENT if origin(data) is _ABSENT else {})
