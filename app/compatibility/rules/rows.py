"""The rows that the tables of rules are made of: each compares one member of two objects.

A row says how the member is compared, and the effect if it is added or removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from app.compatibility.rules.change import Change, Direction, Effect
from app.compatibility.rules.comparison import ABSENT, Comparison

Row: TypeAlias = Callable[[Comparison, str], Iterator[Change]]
"""Take the comparison of two objects and the name of a member that at least one of them has; yield its changes."""

Table: TypeAlias = Mapping[str, Row]
"""The rows for one kind of object, by the name of the member."""

EffectOf: TypeAlias = Callable[[Any, Any], Effect]
"""Take the values of a member before and now, which differ and may be ABSENT; return the effect of the change."""

EffectOfPart: TypeAlias = "Effect | Callable[[Comparison], Effect]"


def compare(comparison: Comparison, table: Table) -> Iterator[Change]:
    """Compare two objects in the order of their table. A member without a row must not change, unless it begins with `x-`."""
    followed = comparison.followed()
    if followed is None:
        return
    if not isinstance(followed.before, Mapping) or not isinstance(followed.now, Mapping):
        if followed.differs:
            yield followed.change(Effect.CHANGED)
        return
    for name in dict.fromkeys((*table, *followed.before, *followed.now)):
        if name in followed.before or name in followed.now:
            row = table.get(name) or (reworded if name.startswith("x-") else fixed)
            yield from row(followed, name)


def leaf(effect_of: EffectOf) -> Row:
    """Return a row that compares a member as a whole."""

    def row(parent: Comparison, name: str) -> Iterator[Change]:
        comparison = parent.member(name)
        if comparison.differs:
            yield comparison.change(effect_of(comparison.before, comparison.now))

    return row


reworded = leaf(lambda _before, _now: Effect.REWORDED)
extended = leaf(lambda _before, _now: Effect.EXTENDED)
fixed = leaf(lambda _before, _now: Effect.CHANGED)


def ignored(_parent: Comparison, _name: str) -> Iterator[Change]:
    """Skip a member, because it is compared elsewhere."""
    yield from ()


def part(
    table: Callable[[], Table],
    noun: str,
    *,
    added: EffectOfPart = Effect.EXTENDED,
    removed: Effect = Effect.CHANGED,
    direction: Direction | None = None,
) -> Row:
    """Return a row for a member that is an object.

    `table`: a function that returns the rows of that object, because tables refer to each other.
    `noun`: the beginning of the rules' names if the member is added or removed: `request-body-added`.
    `added`, `removed`: the effects of that. `direction`: how the object travels, if not like its parent.
    """

    def row(parent: Comparison, name: str) -> Iterator[Change]:
        yield from _compare_part(parent.member(name).on(direction), table(), noun, added, removed)

    return row


def parts(
    table: Callable[[], Table],
    noun: str,
    *,
    added: EffectOfPart = Effect.EXTENDED,
    removed: Effect = Effect.CHANGED,
    direction: Direction | None = None,
) -> Row:
    """Return a row for a member that is a map of objects by name; the arguments are as for `part`, and apply to each object."""

    def row(parent: Comparison, name: str) -> Iterator[Change]:
        yield from compare_parts(parent.member(name).on(direction), table(), noun, added, removed)

    return row


def compare_parts(
    comparison: Comparison,
    table: Table,
    noun: str,
    added: EffectOfPart = Effect.EXTENDED,
    removed: Effect = Effect.CHANGED,
) -> Iterator[Change]:
    """Compare two maps of objects, name by name."""
    names = [name for direction in (comparison.before, comparison.now) if direction is not ABSENT for name in direction]
    for name in dict.fromkeys(names):
        yield from _compare_part(comparison.member(name), table, noun, added, removed)


def _compare_part(
    comparison: Comparison, table: Table, noun: str, added: EffectOfPart, removed: Effect
) -> Iterator[Change]:
    if comparison.before is ABSENT:
        effect = added if isinstance(added, Effect) else added(comparison)
        yield comparison.change(effect, f"{noun}-added", "is new")
    elif comparison.now is ABSENT:
        yield comparison.change(removed, f"{noun}-removed", "is gone")
    else:
        yield from compare(comparison, table)
