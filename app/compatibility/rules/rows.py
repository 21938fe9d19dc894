"""What a row of the tables can say of a member: how it is compared, and what its coming and going mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from app.compatibility.rules.change import Change, Effect, Side
from app.compatibility.rules.comparison import ABSENT, Pair

Row: TypeAlias = Callable[[Pair, str], Iterator[Change]]
"""Take two objects and the name of a member that at least one of them has; yield how the member differs."""

Table: TypeAlias = Mapping[str, Row]
"""The rows of one kind of object, by the name of the member."""

EffectOf: TypeAlias = Callable[[Any, Any], Effect]
"""Say what it means that a member was the one value and is the other, two different ones; ABSENT is a value here."""

EffectOfPart: TypeAlias = "Effect | Callable[[Pair], Effect]"


def compare(pair: Pair, table: Table) -> Iterator[Change]:
    """Compare two objects, in the order of their table; what has no row must stay as it is, unless it is an extension."""
    followed = pair.followed()
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

    def row(parent: Pair, name: str) -> Iterator[Change]:
        pair = parent.member(name)
        if pair.differs:
            yield pair.change(effect_of(pair.before, pair.now))

    return row


reworded = leaf(lambda _before, _now: Effect.REWORDED)
extended = leaf(lambda _before, _now: Effect.EXTENDED)
fixed = leaf(lambda _before, _now: Effect.CHANGED)


def ignored(_parent: Pair, _name: str) -> Iterator[Change]:
    """Say nothing of a member that is compared elsewhere."""
    yield from ()


def part(
    table: Callable[[], Table],
    noun: str,
    *,
    added: EffectOfPart = Effect.EXTENDED,
    removed: Effect = Effect.CHANGED,
    side: Side | None = None,
) -> Row:
    """Compare a member that is an object; the table comes by a function, because tables refer to each other."""

    def row(parent: Pair, name: str) -> Iterator[Change]:
        yield from _compare_part(parent.member(name).on(side), table(), noun, added, removed)

    return row


def parts(
    table: Callable[[], Table],
    noun: str,
    *,
    added: EffectOfPart = Effect.EXTENDED,
    removed: Effect = Effect.CHANGED,
    side: Side | None = None,
) -> Row:
    """Compare a member that holds objects by their names, public ones."""

    def row(parent: Pair, name: str) -> Iterator[Change]:
        yield from compare_parts(parent.member(name).on(side), table(), noun, added, removed)

    return row


def compare_parts(
    pair: Pair, table: Table, noun: str, added: EffectOfPart = Effect.EXTENDED, removed: Effect = Effect.CHANGED
) -> Iterator[Change]:
    """Compare objects that stand under names, by name."""
    names = [name for side in (pair.before, pair.now) if side is not ABSENT for name in side]
    for name in dict.fromkeys(names):
        yield from _compare_part(pair.member(name), table, noun, added, removed)


def _compare_part(pair: Pair, table: Table, noun: str, added: EffectOfPart, removed: Effect) -> Iterator[Change]:
    if pair.before is ABSENT:
        effect = added if isinstance(added, Effect) else added(pair)
        yield pair.change(effect, f"{noun}-added", "is new")
    elif pair.now is ABSENT:
        yield pair.change(removed, f"{noun}-removed", "is gone")
    else:
        yield from compare(pair, table)
