"""The rules for comparing two schemas: a table with one row for each keyword that schemas may use.

A row decides whether a change of the keyword allows more values, fewer or others. Whether such a change breaks a client depends
on the direction in which the values are sent (`REQUIRED_STEPS`). The data of events is sent in both directions, so within a major
version a schema may gain only optional properties and new descriptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from app.compatibility.rules import effects
from app.compatibility.rules.allowed_values import keyword, proved
from app.compatibility.rules.alternatives import alternatives
from app.compatibility.rules.change import Change, Effect
from app.compatibility.rules.comparison import ABSENT, Comparison
from app.compatibility.rules.growing_lists import GROWS, announced, enum, listed
from app.compatibility.rules.rows import (
    Row,
    Table,
    compare,
    compare_by_name,
    extended,
    fixed,
    leaf,
    part,
    reworded,
)
from app.specification.marked_properties import KEY, OWNER
from app.specification.schema.dialect import UNCHECKED_FORMATS
from app.specification.version import Step


def _format(parent: Comparison, name: str) -> Iterator[Change]:
    # No value is refused by the size of a number, but generated code has another type for it.
    comparison = parent.member(name)
    is_size = UNCHECKED_FORMATS.intersection(each for each in (comparison.before, comparison.now) if each is not ABSENT)
    row = leaf(effects.number_format) if is_size else keyword(effects.constraint)
    yield from row(parent, name)


def _required(parent: Comparison, name: str) -> Iterator[Change]:
    comparison = parent.member(name)
    before, now = (() if names is ABSENT else names for names in (comparison.before, comparison.now))
    had, has = _properties_of(parent.before), _properties_of(parent.now)
    gained = [each for each in now if each not in before]
    if new := [each for each in gained if each in has and each not in had]:
        yield comparison.change(Effect.TIGHTENED, "required-property-added", f"gains {listed(new)}")
    if became := [each for each in gained if each not in new]:
        yield comparison.change(proved(parent, Effect.TIGHTENED), "property-became-required", f"gains {listed(became)}")
    # A property that is gone is reported by the row `properties`.
    if lost := [each for each in before if each not in now and (each in has or each not in had)]:
        yield comparison.change(proved(parent, Effect.LOOSENED), "property-became-optional", f"loses {listed(lost)}")


def _properties(parent: Comparison, name: str) -> Iterator[Change]:
    # If other properties were allowed, data may have had a property of this name already, with any content.
    others = parent.before.get("additionalProperties", True)

    def added(new: Comparison) -> Effect:
        if others is False:
            return Effect.EXTENDED
        known = replace(new, before={} if others is True else others)
        effect = proved(known, Effect.TIGHTENED if others is True else Effect.CHANGED)
        return Effect.EXTENDED if effect is Effect.REWORDED else effect

    yield from compare_by_name(parent.member(name), part(lambda: SCHEMA, "property", added=added))


def _additional_properties(parent: Comparison, name: str) -> Iterator[Change]:
    comparison = parent.member(name)
    before, now = (True if each is ABSENT else each for each in (comparison.before, comparison.now))
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        yield from compare(comparison, SCHEMA)
    elif comparison.differs:
        loosened = now is True or before is False
        effect = Effect.REWORDED if before is now else Effect.LOOSENED if loosened else Effect.TIGHTENED
        yield comparison.change(proved(parent, effect))


def _items(parent: Comparison, name: str) -> Iterator[Change]:
    added = proved(parent, Effect.TIGHTENED if name in parent.now else Effect.LOOSENED)
    yield from part(lambda: SCHEMA, "items", added=added, removed=added)(parent, name)


def _not(parent: Comparison, name: str) -> Iterator[Change]:
    comparison = parent.member(name)
    if comparison.before is ABSENT or comparison.now is ABSENT:
        yield comparison.change(proved(parent, effects.constraint(comparison.before, comparison.now)))
        return
    # What is refused may be in a component, which allows more where this schema then allows less.
    refused = replace(comparison, exact=True, documents=replace(comparison.documents, compared=set()))
    step = max((change.step for change in compare(refused, SCHEMA)), default=Step.NONE)
    if step is not Step.NONE:
        yield comparison.change(proved(parent, Effect.CHANGED) if step > Step.PATCH else Effect.REWORDED)


def _aside(row: Row) -> Row:
    """Return the rule for a keyword that refuses no value: it breaks nobody where the allowed values have to stay the same."""

    def row_aside(parent: Comparison, name: str) -> Iterator[Change]:
        yield from row(replace(parent, exact=False), name)

    return row_aside


def _properties_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    return properties


_DISCRIMINATOR: Final[Table] = {"propertyName": fixed, "mapping": leaf(effects.entries)}

SCHEMA: Final[Table] = {
    # The kind of value
    "type": keyword(effects.type_),
    "format": _format,
    "enum": enum,
    # Strings and numbers
    "pattern": keyword(effects.pattern),
    "minLength": keyword(effects.at_least(0)),
    "maxLength": keyword(effects.at_most),
    "minimum": keyword(effects.at_least(float("-inf"))),
    "maximum": keyword(effects.at_most),
    "multipleOf": keyword(effects.multiple_of),
    # Objects
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional_properties,
    "minProperties": keyword(effects.at_least(0)),
    "maxProperties": keyword(effects.at_most),
    # Arrays
    "items": _items,
    "minItems": keyword(effects.at_least(0)),
    "maxItems": keyword(effects.at_most),
    "uniqueItems": keyword(effects.switch(Effect.TIGHTENED)),
    # Schemas within
    "allOf": alternatives(lambda: SCHEMA, added=Effect.TIGHTENED, removed=Effect.LOOSENED),
    "anyOf": alternatives(lambda: SCHEMA, added=Effect.LOOSENED, removed=Effect.CHANGED, may_grow=announced),
    "oneOf": alternatives(
        lambda: SCHEMA, added=Effect.LOOSENED, removed=Effect.CHANGED, may_grow=announced, exclusive=True
    ),
    "not": _not,
    "discriminator": _aside(part(lambda: _DISCRIMINATOR, "discriminator")),
    GROWS: leaf(effects.switch(Effect.LOOSENED)),
    KEY: fixed,  # filters would find other events than before
    OWNER: fixed,  # tokens would show events to other readers than before
    # Keywords that change how clients use a value, although it stays valid
    "default": fixed,
    "readOnly": leaf(effects.written_out(without=False)),
    "writeOnly": leaf(effects.written_out(without=False)),
    "xml": fixed,
    "deprecated": _aside(extended),  # an announcement; the value still works
    # Text
    "$schema": reworded,
    "$id": reworded,
    "title": reworded,
    "description": reworded,
    "example": reworded,
    "externalDocs": reworded,
}
"""The rows for a schema; other `x-` keywords count as text, and a keyword without a row must not change (see `compare`)."""
