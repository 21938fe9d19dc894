"""Bound the number of values in a JSON text before it is parsed: a parser takes memory and time for each of them."""

from __future__ import annotations

import re
from typing import Final

from app.specification.errors import TooManyValues

_LEAST_BYTES: Final = 2  # of each value: itself, and a comma or bracket

# From one bracket or comma to the next. In between are at most two strings, a name and a value; the parser refuses more of them,
# and a text that begins with them is not scanned further. Nothing here backtracks: the time grows with the length alone.
_STRING: Final = rb'"[^"]*+"[^"\[{,]*+'
_STEP: Final = rb'[^"\[{,]*+(?:%b(?:%b)?)?[\[{,]' % (_STRING, _STRING)
_MANY: Final = 1000
# A fifth of the time of as many single steps, each of which is a call from Python.
_MANY_STEPS: Final = re.compile(rb"(?:%b){%d}+" % (_STEP, _MANY))
_ONE_STEP: Final = re.compile(_STEP)


def check_number_of_values(text: bytes, maximum: int) -> None:
    """Raise TooManyValues if a JSON text has more than `maximum` opening brackets and commas together, outside of its strings.

    There are at least as many of them as values, apart from empty arrays and objects; the last value has none. The scan stops at the
    maximum, or at the first place at which a parser would stop. It takes less than 50 ms for 8 MiB, and no time for a text that is too
    short to have so many values.
    """
    if len(text) < maximum * _LEAST_BYTES:
        return
    text = _without_escaped_quotes(text)
    steps, offset = 0, 0
    while steps <= maximum - _MANY and (found := _MANY_STEPS.match(text, offset)):
        steps, offset = steps + _MANY, found.end()
    while steps <= maximum and (found := _ONE_STEP.match(text, offset)):
        steps, offset = steps + 1, found.end()
    if steps > maximum:
        raise TooManyValues(maximum)


def _without_escaped_quotes(text: bytes) -> bytes:
    """Remove each escaped quote and each escaped backslash. In what is left, every quote begins or ends a string.

    This takes a fifth of the time in which the scan would pass over an escape. Outside of strings, a backslash is where a parser stops.
    """
    return text.replace(rb"\\", b"").replace(rb"\"", b"") if b"\\" in text else text
