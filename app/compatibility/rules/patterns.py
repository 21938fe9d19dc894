r"""Decide whether one regular expression matches everything that another one matches.

Both are read as chains of characters and classes, such as `^[a-z]{1,64}$`, and compared link by link: the characters and the
numbers of repetitions that each allows. If a pattern has groups, alternatives or lookarounds, the answer is always no.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import NamedTuple

from app.specification.schema.dialect import ecma_pattern

_ATOM = r"\\[dDwWsS.^$*+?()\[\]{}|/\\-]|\[(?:\\.|[^\]\\])*\]|[^\\\[\](){}|*+?]"
_LINK = re.compile(rf"(?P<atom>{_ATOM})(?:(?P<sign>[*+?])|\{{(?P<least>[0-9]+)(?P<comma>,(?P<most>[0-9]*))?\}})?")
_SIGNS = {"*": (0, None), "+": (1, None), "?": (0, 1), "": (1, 1)}
_ANCHORS = {"^", "$"}


class _Link(NamedTuple):
    """A character or class, and how often it may be repeated; `most` is None if there is no upper bound."""

    atom: str
    least: int
    most: int | None


def allows_all(pattern: str, *, of: str) -> bool:
    """Return whether `pattern` surely matches every text that the pattern `of` matches; False if that cannot be decided."""
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
