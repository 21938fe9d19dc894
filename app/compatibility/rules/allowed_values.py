"""Decide the effect of a changed keyword by all values that the schema around it allows, where the keyword alone says too little.

A constraint that is new refuses nothing if other keywords refuse the same values already, such as an `anyOf` in the place of a `type`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.compatibility.rules.change import REQUIRED_STEPS, Change, Direction, Effect
from app.compatibility.rules.comparison import Comparison
from app.compatibility.rules.rows import EffectOf, Row
from app.specification.errors import InvalidContract
from app.specification.openapi.bundle import resolved
from app.specification.schema.containment import excess
from app.specification.schema.dialect import refusals
from app.specification.schema.verdict import is_schema
from app.specification.version import Step


def keyword(effect_of: EffectOf) -> Row:
    """Return a rule for a keyword that refuses values, such as `pattern`.

    `effect_of`: returns the effect of the change of the keyword alone, given its old and its new value.
    """

    def row(parent: Comparison, name: str) -> Iterator[Change]:
        comparison = parent.member(name)
        if comparison.differs:
            yield comparison.change(proved(parent, effect_of(comparison.before, comparison.now)))

    return row


def proved(schemas: Comparison, effect: Effect) -> Effect:
    """Return the effect of a change of a keyword: as it is given, or a harmless one if it can be proved.

    `schemas`: the old and the new schema. `effect`: that of the keyword alone, which is right unless other keywords make up for it.
    """
    breaks = schemas.exact or REQUIRED_STEPS[schemas.direction][effect] is Step.MAJOR
    if not breaks or effect is Effect.REWORDED:
        return effect
    before, now = _resolved(schemas.before, schemas.documents.before), _resolved(schemas.now, schemas.documents.now)
    if before is None or now is None:
        return effect
    loosened, tightened = excess(before, now) is None, excess(now, before) is None
    if loosened and tightened:
        return Effect.REWORDED
    if loosened and (effect is Effect.CHANGED or schemas.direction is Direction.REQUEST):
        return Effect.LOOSENED
    if tightened and (effect is Effect.CHANGED or schemas.direction is Direction.RESPONSE):
        return Effect.TIGHTENED
    return effect


def _resolved(schema: Any, document: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a schema without references; None if it has keywords whose meaning is not known, or refers to itself."""
    try:
        whole = resolved(schema, document)
    except InvalidContract:
        return None
    known = is_schema(whole) and next(refusals(whole), None) is None
    return whole if known else None
