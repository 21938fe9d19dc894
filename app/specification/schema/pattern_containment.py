"""Decide whether one regular expression matches every string that another regular expression matches.

The automata of both expressions read the same characters; a text that only the other expression matches would lead to a state in which
only that one accepts. Of the characters that no part of the expressions tells apart, one is tried. Lookarounds and word boundaries are not
understood, and there is a limit on the work: the result is then no.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from app.specification.schema.ecma_pattern import ecma_pattern
from app.specification.schema.pattern_tree import (
    ANYTHING,
    Character,
    Choice,
    Node,
    Repeat,
    Row,
    Undecidable,
    after,
    may_be_empty,
    searched,
)

_MOST_STEPS: Final = 50_000
"""The most derivatives that are made for one answer, which takes about a second."""


@lru_cache(maxsize=1024)
def allows_all(pattern: str, *, of: str) -> bool:
    """Return whether the regular expression `pattern` matches every string that the regular expression `of` matches.

    Returns False also if this cannot be decided.
    """
    try:
        wider, narrower = searched(pattern), searched(of)
    except (Undecidable, re.error, RecursionError):
        return False
    return _contains(wider, narrower, _representatives({*_atoms(wider), *_atoms(narrower)}))


def _contains(wider: Node, narrower: Node, characters: list[str]) -> bool:
    """Walk through all pairs of states: a state of `narrower`, and those in which `wider` can be after the same text."""
    pair = narrower, frozenset({wider})
    left, seen, steps = [(pair, True)], set[tuple[Node, frozenset[Node]]](), 0
    while left:
        (one, others), start = left.pop()
        at_end = may_be_empty(one, start=start, end=True)
        if at_end and not any(may_be_empty(each, start=start, end=True) for each in others):
            return False
        for character in characters:
            steps += len(others)
            accepting = frozenset(found for each in others for found in after(each, character, start))
            pairs = {(each, accepting) for each in after(one, character, start)} if ANYTHING not in accepting else set()
            left += [(each, False) for each in pairs - seen]
            seen |= pairs
        if steps > _MOST_STEPS:
            return False
    return True


def _atoms(node: Node) -> Iterator[str]:
    match node:
        case Character(atom):
            yield atom
        case Row(parts) | Choice(parts):
            for part in parts:
                yield from _atoms(part)
        case Repeat(part):
            yield from _atoms(part)


def _representatives(atoms: set[str]) -> list[str]:
    """Return characters of which each other character has one that the same atoms match."""
    places = {place for atom in atoms for place in _boundaries(atom)}
    ordered = sorted(atoms)
    found: dict[tuple[bool, ...], str] = {}
    for place in sorted({0, *places}):
        if place <= sys.maxunicode:
            matched = tuple(ecma_pattern(atom).match(chr(place)) is not None for atom in ordered)
            found.setdefault(matched, chr(place))
    return list(found.values())


@lru_cache(maxsize=256)
def _boundaries(atom: str) -> frozenset[int]:
    """Return the code points at which an atom begins and ceases to match."""
    runs = ecma_pattern(f"(?:{atom})+").finditer(_every_character())
    return frozenset(place for run in runs for place in run.span())


@lru_cache(maxsize=1)
def _every_character() -> str:
    return "".join(map(chr, range(sys.maxunicode + 1)))
