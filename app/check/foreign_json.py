"""Read JSON that the server under check sent. The text may be anything, so nothing about it is trusted."""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any, Final, NoReturn

# The document of the contract has 14. Without a bound, Python 3.11 raises RecursionError above 994 levels, and 3.13 above 9,998.
NESTING_LEVELS: Final = 100

_TOKEN: Final = re.compile(
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{\]}]', re.DOTALL
)  # a bracket, or a string, also an endless one
_LEVELS: Final = {"[": 1, "{": 1, "]": -1, "}": -1}


def read_json(text: str | bytes) -> Any:
    """Parse a JSON text (RFC 8259) and return its value.

    Raises ValueError if the text is not JSON in UTF-8, contains NaN or a number that a double cannot hold, or is nested deeper
    than 100 levels.
    """
    # Not the server's own parser: a fault of that parser must not hide from the check.
    decoded = text.decode() if isinstance(text, bytes) else text
    if _is_too_deep(decoded):
        raise ValueError(f"The text is nested deeper than {NESTING_LEVELS} levels.")
    return json.loads(decoded, parse_constant=_refuse, parse_float=_finite)


def _is_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= NESTING_LEVELS:
        return False
    return max(accumulate(_LEVELS.get(token, 0) for token in _TOKEN.findall(text))) > NESTING_LEVELS


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON.")


def _finite(number: str) -> float:
    # RFC 8259 §6 expects no more than doubles; and infinity is a number to one validator but not to another.
    value = float(number)
    if math.isinf(value):
        raise ValueError("A number is beyond what a double holds.")
    return value
