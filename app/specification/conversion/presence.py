"""When a value is there: the places that must be in the data from which it is taken.

A value may be there in several cases, and each case is a set of optional places that are all there. No case at all means never; a case
without places means always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Final, TypeAlias

from app.specification.conversion.table import Place

Case: TypeAlias = frozenset[Place]
Presence: TypeAlias = frozenset[Case]

ALWAYS: Final[Presence] = frozenset({frozenset()})
NEVER: Final[Presence] = frozenset()


def any_of(presences: Iterable[Presence]) -> Presence:
    """Return when at least one of several values is there, without the cases that others include."""
    cases = {case for presence in presences for case in presence}
    return frozenset(case for case in cases if not any(other < case for other in cases))


def all_of(presences: Iterable[Presence]) -> Presence:
    """Return when all of several values are there."""
    return any_of([frozenset(frozenset[Place]().union(*cases) for cases in product(*presences))])


def follows(presence: Presence, condition: Presence) -> bool:
    """Return whether a value is there in every case of `condition`."""
    return all(any(case <= given for case in presence) for given in condition)


def through(presence: Presence, at: Callable[[Place], Presence]) -> Presence:
    """Return `presence` in terms of the data from which its places were made: `at` says when one of its places is there."""
    return any_of(all_of(map(at, case)) for case in presence)
