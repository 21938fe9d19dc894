"""Decide whether one regular expression matches every string that another regular expression matches.

Both expressions must be plain sequences of characters and character classes, such as `^[a-z]{1,64}$`. The sequences are compared
element by element: which characters an element allows, and how often it may be repeated. If an expression has groups,
alternatives or lookarounds, the result is always no.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import NamedTuple

from app.specification.schema.ecma_pattern import ecma_pattern

_ATOM = r"\\(?:[dDwWsS.^$*+?()\[\]{}|/\\fnrtv]|x[0-9A-Fa-f]{2}|u(?![dD][89A-Fa-f])[0-9A-Fa-f]{4})|\[(?:\\.|[^\]\\])*\]|[^\\\[\](){}|*+?]"
_LINK = re.compile(rf"(?P<atom>{_ATOM})(?:(?P<sign>[*+?])|\{{(?P<least>[0-9]+)(?P<comma>,(?P<most>[0-9]*))?\}})?")
_SIGNS = {"*": (0, None), "+": (1, None), "?": (0, 1), "": (1, 1)}
_ANCHORS = {"^", "$"}


class _Link(NamedTuple):
    """One element of a regular expression: a character or character class (`atom`), and how often it may be repeated.

    `least`, `most`: the smallest and the largest number of repetitions; `most` is None if there is no upper bound.
    """

    atom: str
    least: int
    most: int | None


def allows_all(pattern: str, *, of: str) -> bool:
    """Return whether the regular expression `pattern` matches every string that the regular expression `of` matches.

    Returns False also if this cannot be decided.
    """
    wider, narrower = _links(pattern), _links(of)
    if wider is None or narrower is None or len(wider) != len(narrower):
        return False
    return all(map(_covers, wider, narrower))


def _links(pattern: str) -> list[_Link] | None:
    links, end = [], 0
    while end < len(pattern):
        found = _LINK.match(pattern, end)
        if found is None:
            return None
        links.append(_link(found))
        end = found.end()
    return links


def _link(found: re.Match[str]) -> _Link:
    if found["least"] is None:
        return _Link(found["atom"], *_SIGNS[found["sign"] or ""])
    least = int(found["least"])
    if found["comma"] is None:
        return _Link(found["atom"], least, least)
    return _Link(found["atom"], least, int(found["most"]) if found["most"] else None)


def _covers(wider: _Link, narrower: _Link) -> bool:
    fewest = wider.least <= narrower.least
    most = wider.most is None or (narrower.most is not None and narrower.most <= wider.most)
    return fewest and most and _covers_characters(wider.atom, narrower.atom)


def _covers_characters(wider: str, narrower: str) -> bool:
    if wider == narrower:
        return True
    if not _ANCHORS.isdisjoint({wider, narrower}):
        return False
    allowed = ecma_pattern(narrower).findall(_every_character())
    return len(ecma_pattern(wider).findall("".join(allowed))) == len(allowed)


@lru_cache(maxsize=1)
def _every_character() -> str:
    return "".join(map(chr, range(sys.maxunicode + 1)))
