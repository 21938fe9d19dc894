"""What a row of the tables can say of a member: how it is compared, and what its coming and going mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from app.compatibility.rules.change import Change, Direction, Effect
from app.compatibility.rules.comparison import ABSENT, Comparison

Row: TypeAlias = Callable[[Comparison, str], Iterator[Change]]
"""Take two objects and the name of a member that at least one of them has; yield how the member differs."""

Table: TypeAlias = Mapping[str, Row]
"""The rows of one kind of object, by the name of the member."""

EffectOf: TypeAlias = Callable[[Any, Any], Effect]
"""Say what it means that a member was the one value and is the other, two different ones; ABSENT is a value here."""

EffectOfPart: TypeAlias = "Effect | Callable[[Comparison], Effect]"


def compare(comparison: Comparison, table: Table) -> Iterator[Change]:
    """Compare two objects, in the order of their table; what has no row must stay as it is, unless it is an extension."""
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
    """Compare a member as a whole."""

    def row(parent: Comparison, name: str) -> Iterator[Change]:
        comparison = parent.member(name)
        if comparison.differs:
            yield comparison.change(effect_of(comparison.before, comparison.now))

    return row


reworded = leaf(lambda _before, _now: Effect.REWORDED)
extended = leaf(lambda _before, _now: Effect.EXTENDED)
fixed = leaf(lambda _before, _now: Effect.CHANGED)


def ignored(_parent: Comparison, _name: str) -> Iterator[Change]:
    """Say nothing of a member that is compared elsewhere."""
    yield from ()


def part(
    table: Callable[[], Table],
    noun: str,
    *,
    added: EffectOfPart = Effect.EXTENDED,
    removed: Effect = Effect.CHANGED,
    direction: Direction | None = None,
) -> Row:
    """Compare a member that is an object; the table comes by a function, because tables refer to each other."""

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
    """Compare a member that holds objects by their names, public ones."""

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
    """Compare objects that stand under names, by name."""
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
