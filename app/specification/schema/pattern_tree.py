"""A regular expression as a tree, and its derivatives: what may follow after the expression has matched one more character.

The parts of a tree are values, so a set of trees is a state of an automaton (Antimirov, 1996: partial derivatives of regular expressions).
Counts stay numbers: `a{1,64}` has 64 derivatives, but only one part.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from app.specification.schema.ecma_pattern import ecma_pattern, tokens

Node: TypeAlias = "Character | Anchor | Row | Choice | Repeat"


class Character(NamedTuple):
    """One character. `atom`: the expression that matches it, such as `[a-z]`."""

    atom: str


class Anchor(NamedTuple):
    """The start (`^`) or the end (`$`) of the text."""

    sign: str


class Row(NamedTuple):
    """One part after the other."""

    parts: tuple[Node, ...]


class Choice(NamedTuple):
    """One of several alternatives."""

    options: tuple[Node, ...]


class Repeat(NamedTuple):
    """A part several times. `most`: None if there is no upper bound."""

    part: Node
    least: int
    most: int | None


class Undecidable(Exception):
    """Raised when an expression has something that a tree cannot express: a lookaround, a word boundary, a repeated anchor."""


NOTHING: Final = Row(())
_ANY: Final = Repeat(Character("[^]"), 0, None)
ANYTHING: Final = Row((_ANY,))
_COUNTS: Final = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@lru_cache(maxsize=256)
def searched(pattern: str) -> Node:
    """Return the tree of all texts in which a regular expression finds something. Raises Undecidable, and re.error if it is invalid."""
    ecma_pattern(pattern)
    tree, rest = _choice(tokens(pattern))
    if rest:
        raise Undecidable
    return _row((_ANY, tree, _ANY))


def _choice(left: Sequence[re.Match[str]]) -> tuple[Node, Sequence[re.Match[str]]]:
    """Parse alternatives up to a closing bracket, or to the end; return them and the tokens that are left."""
    options: list[Node] = []
    parts: list[Node] = []
    while left and left[0][0] != ")":
        if left[0][0] == "|":
            options.append(_row(parts))
            parts, left = [], left[1:]
            continue
        part, left = _atom(left)
        if left and left[0].lastgroup == "count":
            part, left = _repeated(part, left[0][0]), left[1:]
        parts.append(part)
    return (Choice((*options, _row(parts))) if options else _row(parts)), left


def _atom(left: Sequence[re.Match[str]]) -> tuple[Node, Sequence[re.Match[str]]]:
    text, kind = left[0][0], left[0].lastgroup
    if text in ("(", "(?:"):
        inner, rest = _choice(left[1:])
        return inner, rest[1:]
    if text in ("^", "$"):
        return Anchor(text), left[1:]
    if kind not in ("class", "escape", "character"):
        raise Undecidable
    return Character(text), left[1:]


def _repeated(part: Node, count: str) -> Node:
    sign = count[:-1] if len(count) > 1 and count[-1] == "?" else count  # `+?` matches the same texts as `+`
    least, most = _COUNTS.get(sign) or _bounds(sign)
    if most != 1 and _has_anchor(part):
        raise Undecidable  # an empty match of the part may depend on where it is
    return Repeat(part, least, most)


def _bounds(count: str) -> tuple[int, int | None]:
    least, comma, most = count.strip("{}").partition(",")
    return int(least), int(most) if most else None if comma else int(least)


def _has_anchor(node: Node) -> bool:
    match node:
        case Anchor():
            return True
        case Row(parts) | Choice(parts):
            return any(map(_has_anchor, parts))
        case Repeat(part):
            return _has_anchor(part)
    return False


def _row(parts: Sequence[Node]) -> Node:
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Row) else (part,))]
    return Row(tuple(flat))


def may_be_empty(node: Node, *, start: bool, end: bool) -> bool:
    """Return whether a tree matches the empty text, at the start or the end of the text or elsewhere."""
    match node:
        case Anchor(sign):
            return start if sign == "^" else end
        case Row(parts):
            return all(may_be_empty(part, start=start, end=end) for part in parts)
        case Choice(options):
            return any(may_be_empty(option, start=start, end=end) for option in options)
        case Repeat(part, least):
            return least == 0 or may_be_empty(part, start=start, end=end)
    return False


@lru_cache(maxsize=100_000)
def after(node: Node, character: str, start: bool) -> frozenset[Node]:
    """Return the trees of what may follow after a tree has matched a character. `start`: whether this is the first one of the text."""
    match node:
        case Character(atom):
            return frozenset({NOTHING}) if ecma_pattern(atom).match(character) else frozenset()
        case Choice(options):
            return frozenset().union(*(after(option, character, start) for option in options))
        case Repeat(part, least, most):
            if most == 0:
                return frozenset()
            left = Repeat(part, max(least - 1, 0), None if most is None else most - 1)
            return _followed_by(after(part, character, start), (left,))
        case Row((head, *tail)):
            found = _followed_by(after(head, character, start), tuple(tail))
            if may_be_empty(head, start=start, end=False):
                found |= after(_row(tail), character, start)
            return found
    return frozenset()


def _followed_by(heads: frozenset[Node], tail: tuple[Node, ...]) -> frozenset[Node]:
    return frozenset(_row((head, *tail)) for head in heads)
