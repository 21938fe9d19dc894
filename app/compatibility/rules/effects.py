"""Decide the effect of a changed schema keyword: are more values allowed than before, fewer, or others?

Each function takes the old and the new value of the keyword, which differ; either value is ABSENT if the keyword is not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from app.compatibility.rules.change import Effect
from app.compatibility.rules.comparison import ABSENT
from app.compatibility.rules.rows import EffectOf
from app.specification.schema.pattern_containment import allows_all

_LARGER: Final = {("int32", "int64"), ("float", "double")}


def type_(before: Any, now: Any) -> Effect:
    match before, now:
        case ("integer", "number"):
            return Effect.LOOSENED
        case ("number", "integer"):
            return Effect.TIGHTENED
    return constraint(before, now)


def constraint(before: Any, now: Any) -> Effect:
    """Return the effect of changing a constraint if it cannot be decided which of two values allows more, as for `format`.

    A new constraint allows fewer values, a removed constraint more, and a changed constraint others.
    """
    if before is ABSENT:
        return Effect.TIGHTENED
    return Effect.LOOSENED if now is ABSENT else Effect.CHANGED


def number_format(before: Any, now: Any) -> Effect:
    """Return the effect of changing the size of a number, such as `int32` to `int64`."""
    if (before, now) in _LARGER:
        return Effect.LOOSENED
    return Effect.TIGHTENED if (now, before) in _LARGER else constraint(before, now)


def pattern(before: Any, now: Any) -> Effect:
    if before is ABSENT or now is ABSENT:
        return constraint(before, now)
    loosened, tightened = allows_all(now, of=before), allows_all(before, of=now)
    if loosened and tightened:
        return Effect.REWORDED
    return Effect.LOOSENED if loosened else Effect.TIGHTENED if tightened else Effect.CHANGED


def at_least(without: float) -> EffectOf:
    """Return the function that decides the effect of changing a lower bound, such as `minLength`.

    `without`: the bound that applies if the keyword is absent.
    """

    def effect(before: Any, now: Any) -> Effect:
        was, is_ = (without if bound is ABSENT else bound for bound in (before, now))
        return _moved(was, is_, up=Effect.TIGHTENED, down=Effect.LOOSENED)

    return effect


def at_most(before: Any, now: Any) -> Effect:
    was, is_ = (float("inf") if bound is ABSENT else bound for bound in (before, now))
    return _moved(was, is_, up=Effect.LOOSENED, down=Effect.TIGHTENED)


def _moved(before: Any, now: Any, *, up: Effect, down: Effect) -> Effect:
    if not isinstance(before, int | float) or not isinstance(now, int | float):
        return Effect.CHANGED  # loading the document reports the wrong type
    # They are equal if the bound has only been written out: `minLength: 0` applies by default.
    return Effect.REWORDED if now == before else up if now > before else down


def multiple_of(before: Any, now: Any) -> Effect:
    if before is ABSENT or now is ABSENT:
        return constraint(before, now)
    ratio = Fraction(str(now)) / Fraction(str(before))
    if ratio == 1:
        return Effect.REWORDED
    if ratio.denominator == 1:
        return Effect.TIGHTENED
    return Effect.LOOSENED if ratio.numerator == 1 else Effect.CHANGED


def switch(when_on: Effect) -> EffectOf:
    """Return the function that decides the effect of changing a boolean keyword that is false by default.

    `when_on`: the effect of a change from false to true; a change from true to false has the opposite effect.
    """
    when_off = {Effect.TIGHTENED: Effect.LOOSENED, Effect.LOOSENED: Effect.TIGHTENED}[when_on]

    def effect(before: Any, now: Any) -> Effect:
        was_on, is_on = before is True, now is True
        return Effect.REWORDED if was_on == is_on else when_on if is_on else when_off

    return effect


def written_out(without: Any) -> EffectOf:
    """Return the function that decides the effect of changing a keyword that clients go by: any other value than before is CHANGED.

    `without`: the value that applies if the keyword is absent.
    """

    def effect(before: Any, now: Any) -> Effect:
        was, is_ = (without if each is ABSENT else each for each in (before, now))
        return Effect.REWORDED if was == is_ else Effect.CHANGED

    return effect


def entries(before: Any, now: Any) -> Effect:
    """Return the effect of changing a map of plain values: EXTENDED if all old entries are still there, otherwise CHANGED.

    ABSENT as the old value counts as an empty map.
    """
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return Effect.EXTENDED if before is ABSENT else Effect.CHANGED
    return Effect.EXTENDED if before.items() <= now.items() else Effect.CHANGED


def names(before: Any, now: Any) -> Effect:
    """Return the effect of changing a map from names to descriptions: EXTENDED if there are new names, CHANGED if one is gone."""
    old, new = ({} if each is ABSENT else each for each in (before, now))
    if not old.keys() <= new.keys():
        return Effect.CHANGED
    return Effect.REWORDED if old.keys() == new.keys() else Effect.EXTENDED


def optional(before: Any, _now: Any) -> Effect:
    """Return the effect of changing a value that clients need not use: EXTENDED if it is new, otherwise CHANGED."""
    return Effect.EXTENDED if before is ABSENT else Effect.CHANGED


def any_case(before: Any, now: Any) -> Effect:
    """Return the effect of changing a name whose letters may be upper or lower case: REWORDED if only the case has changed."""
    alike = isinstance(before, str) and isinstance(now, str) and before.casefold() == now.casefold()
    return Effect.REWORDED if alike else Effect.CHANGED


def strength(words: Sequence[str]) -> EffectOf:
    """Return the function that decides the effect of changing a promise that is a word: a stronger promise allows less.

    `words`: the possible words, from the weakest promise to the strongest.
    """

    def effect(before: Any, now: Any) -> Effect:
        if before not in words or now not in words:
            return Effect.EXTENDED if before is ABSENT else Effect.CHANGED
        return Effect.TIGHTENED if words.index(now) > words.index(before) else Effect.LOOSENED

    return effect


def security(before: Any, now: Any) -> Effect:
    """Return the effect of changing a list of security requirements.

    A client must meet one requirement in the list; to meet a requirement, the client needs every scheme and every scope in it.
    """
    old, new = ([_demands(each) for each in requirements] for requirements in (before, now))
    loosened, tightened = _lets_in_all(new, old), _lets_in_all(old, new)
    if loosened and tightened:
        return Effect.EXTENDED
    return Effect.LOOSENED if loosened else Effect.TIGHTENED if tightened else Effect.CHANGED


def _demands(requirement: Mapping[str, list[str]]) -> set[tuple[str, str]]:
    return {(scheme, scope) for scheme, scopes in requirement.items() for scope in ("", *scopes)}


def _lets_in_all(requirements: list[set[tuple[str, str]]], met: list[set[tuple[str, str]]]) -> bool:
    return all(any(each <= credentials for each in requirements) for credentials in met)
