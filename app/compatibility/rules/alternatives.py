"""The rule for comparing two lists of schemas: the alternatives of `anyOf` and `oneOf`, and the parts of `allOf`.

The order of such a list has no meaning, so each old schema is compared with the new schema that resembles it most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from app.compatibility.rules import effects
from app.compatibility.rules.allowed_values import proved
from app.compatibility.rules.change import Change, Direction, Effect
from app.compatibility.rules.comparison import ABSENT, Comparison, canonical
from app.compatibility.rules.rows import Row, Table, compare
from app.specification.schema.contradiction import contradict
from app.specification.version import Step

MayGrow = Callable[[Comparison, Any], bool]
"""Take the comparison of the schema around a list, and a new alternative; return whether the contract announced such growth."""


class _Pair(NamedTuple):
    """An old and a new schema of the two lists; one is ABSENT if the schema is gone or new.

    `step`: the smallest version bump that the difference requires by itself.
    """

    compared: Comparison
    step: Step


def alternatives(
    table: Callable[[], Table],
    *,
    added: Effect,
    removed: Effect,
    exclusive: bool = False,
    may_grow: MayGrow | None = None,
) -> Row:
    """Return a rule for a keyword whose value is a list of schemas.

    `table`: a function that returns the rules for schemas.
    `added`, `removed`: the effect if a schema is added to the list or removed from it.
    `exclusive`: whether a value must be valid by exactly one of the schemas, as for `oneOf`. If the schemas overlap, to allow more
    by one of them makes values invalid that another one allows; so every change of the allowed values counts as CHANGED.
    `may_grow`: whether readers have been asked to expect a new alternative; by default they have not.
    """

    def row(parent: Comparison, name: str) -> Iterator[Change]:
        comparison = parent.member(name)
        if comparison.before is ABSENT or comparison.now is ABSENT:
            yield comparison.change(proved(parent, effects.constraint(comparison.before, comparison.now)))
            return
        pairs = _paired(comparison, table())
        exact = parent.exact or (exclusive and _overlap(comparison, pairs))
        for pair in pairs:
            each = replace(pair.compared, exact=exact)
            if each.before is ABSENT:
                grows = may_grow is not None and may_grow(parent, each.now)
                effect = (
                    proved(parent, added) if added is Effect.TIGHTENED else added
                )  # else it is a new name for readers
                yield each.change(Effect.EXTENDED if grows else effect, "alternative-added", "is new")
            elif each.now is ABSENT:
                effect = removed if removed is Effect.CHANGED else proved(parent, removed)
                yield each.change(effect, "alternative-removed", "is gone")
            else:
                yield from compare(each, table())

    return row


def _paired(comparison: Comparison, table: Table) -> list[_Pair]:
    """Pair each schema of one list with one of the other: equal schemas first, then those that differ by the smallest step of a version."""
    before, now = dict(enumerate(comparison.before)), dict(enumerate(comparison.now))
    same = [_at(comparison, before.pop(old), now.pop(new), new) for old, new in _equal(before, now)]
    pairs = [_Pair(each, _step(each, table)) for each in same]  # what an equal reference leads to may have changed
    possible = [
        (_step(each, table), abs(old - new), old, new, each)
        for old in before
        for new in now
        for each in [_at(comparison, before[old], now[new], new)]
    ]
    for step, _, old, new, each in sorted(possible, key=lambda found: found[:4]):
        if old in before and new in now:
            pairs.append(_Pair(each, step))
            del before[old], now[new]
    pairs += [_Pair(_at(comparison, schema, ABSENT, index), Step.MAJOR) for index, schema in before.items()]
    pairs += [_Pair(_at(comparison, ABSENT, schema, index), Step.MAJOR) for index, schema in now.items()]
    return pairs


def _equal(before: Mapping[int, Any], now: Mapping[int, Any]) -> list[tuple[int, int]]:
    left = {index: canonical(schema) for index, schema in now.items()}
    found = []
    for old, schema in before.items():
        text = canonical(schema)
        new = next((index for index, each in left.items() if each == text), None)
        if new is not None:
            found.append((old, new))
            del left[new]
    return found


def _at(comparison: Comparison, before: Any, now: Any, index: int) -> Comparison:
    schema = before if now is ABSENT else now
    name = schema.get("$ref", str(index)).rpartition("/")[2]
    return replace(comparison, before=before, now=now, pointer=(*comparison.pointer, name))


def _step(pair: Comparison, table: Table) -> Step:
    """Return the version bump that the difference of two schemas requires, also if they have been compared already."""
    alone = replace(pair, documents=replace(pair.documents, compared=set()))
    return max((change.step for change in compare(alone, table)), default=Step.NONE)


def _overlap(comparison: Comparison, pairs: Sequence[_Pair]) -> bool:
    """Return whether a schema that has changed may allow a value that another schema of its list allows as well.

    A request may only allow more, so the new schemas decide; a response may only allow less, so the old schemas decide.
    """
    changed = [pair.step > Step.PATCH for pair in pairs]
    old, new = ([pair.compared.before for pair in pairs], [pair.compared.now for pair in pairs])
    direction, documents = comparison.direction, comparison.documents
    return (direction is not Direction.RESPONSE and _share_a_value(new, changed, documents.now)) or (
        direction is not Direction.REQUEST and _share_a_value(old, changed, documents.before)
    )


def _share_a_value(schemas: Sequence[Any], changed: Sequence[bool], document: Mapping[str, Any]) -> bool:
    present = [index for index, schema in enumerate(schemas) if schema is not ABSENT]
    return any(
        not contradict((schemas[one], schemas[other]), document)
        for one in present
        for other in present
        if changed[one] and other != one
    )
