"""The rows of the tables of rules: a table has one row for each member of an OpenAPI object or schema.

A row is a function that compares this member in the old and in the new object and yields the changes. The row decides how the
values are compared, and which effect on the allowed values (more, fewer or others) an added or a removed member has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
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
    """Compare two objects member by member, by the rules in `table`; yield the changes in the order of the table.

    `table`: the rule for each member, by the member's name. A member that is not in the table must not change at all, except a
    member whose name begins with `x-`: its change counts as a change of wording.
    """
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
    """Return a rule that compares a member of an object (such as `pattern` in a schema) as one value, without looking into it.

    `effect_of`: returns the effect of the change on the allowed values, given the old and the new value of the member.
    """

    def row(parent: Comparison, name: str) -> Iterator[Change]:
        comparison = parent.member(name)
        if comparison.differs:
            yield comparison.change(effect_of(comparison.before, comparison.now))

    return row


reworded = leaf(lambda _before, _now: Effect.REWORDED)
extended = leaf(lambda _before, _now: Effect.EXTENDED)
fixed = leaf(lambda _before, _now: Effect.CHANGED)


def ignored(_parent: Comparison, _name: str) -> Iterator[Change]:
    """Yield no changes: this is the rule for a member of an object that another rule compares."""
    yield from ()


def part(
    table: Callable[[], Table],
    noun: str,
    *,
    added: EffectOfPart = Effect.EXTENDED,
    removed: Effect = Effect.CHANGED,
    direction: Direction | None = None,
) -> Row:
    """Return a rule for a member that is itself an object: the old and the new object are compared member by member.

    `table`: a function that returns the rules for the object's members; a function, because tables refer to each other.
    `noun`: the first part of a rule's name if the object is added or removed, such as `request-body` in `request-body-added`.
    `added`, `removed`: the effect on the allowed values if the object is added or removed.
    `direction`: whether the object is sent in requests, in responses or in both; by default like the object that contains it.
    """

    def row(parent: Comparison, name: str) -> Iterator[Change]:
        comparison = parent.member(name).on(direction)
        if comparison.before is ABSENT:
            effect = added if isinstance(added, Effect) else added(comparison)
            yield comparison.change(effect, f"{noun}-added", "is new")
        elif comparison.now is ABSENT:
            yield comparison.change(removed, f"{noun}-removed", "is gone")
        else:
            yield from compare(comparison, table())

    return row


def by_name(row: Row, *, spelt: Callable[[str], str] = str) -> Row:
    """Return a rule for a member that is a map from names to objects, such as `headers`: `row` compares objects with the same
    name, and an object that only one map has.

    `spelt`: returns the one spelling of a name that may be spelt in several ways, such as the lower-case name of a header.
    """

    def row_of_map(parent: Comparison, name: str) -> Iterator[Change]:
        comparison = parent.member(name)
        if comparison.before is not ABSENT and comparison.now is not ABSENT:
            spellings = {spelt(each): each for each in comparison.now}
            before = {spellings.get(spelt(each), each): value for each, value in comparison.before.items()}
            comparison = replace(comparison, before=before)
        yield from compare_by_name(comparison, row)

    return row_of_map


def compare_by_name(comparison: Comparison, row: Row) -> Iterator[Change]:
    """Compare two maps from names to objects: call `row` for each name that at least one map has; yield the changes."""
    maps = [each for each in (comparison.before, comparison.now) if each is not ABSENT]
    for name in dict.fromkeys(name for each in maps for name in each):
        yield from row(comparison, name)
