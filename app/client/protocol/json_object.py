"""Read a JSON object that a server sent. The text may be anything, so nothing about it is trusted."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Any, Final

# A server takes 32 for an event. Without a bound, Python 3.11 raises RecursionError above 994 levels, and 3.13 above 9,998.
NESTING_LEVELS: Final = 100

_TOKEN: Final = re.compile(
    r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{\]}]', re.DOTALL
)  # a bracket, or a string, also an endless one
_LEVELS: Final = {"[": 1, "{": 1, "]": -1, "}": -1}


def json_object(text: str | bytes) -> dict[str, Any] | None:
    """Parse a JSON object and return it.

    Returns None if the text is not JSON in UTF-8, is another JSON value than an object, or is nested deeper than 100 levels.
    """
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        value = None if _is_too_deep(decoded) else json.loads(decoded)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _is_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= NESTING_LEVELS:
        return False
    return max(accumulate(_LEVELS.get(token, 0) for token in _TOKEN.findall(text))) > NESTING_LEVELS
