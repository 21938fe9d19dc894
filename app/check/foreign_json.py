"""Read JSON that the server under check sent. The text may be anything, so nothing about it is trusted."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn


def read_json(text: str | bytes) -> Any:
    """Parse a JSON text (RFC 8259) and return its value.

    Raises ValueError if the text is not JSON, contains NaN or a number that a double cannot hold, or is nested too deeply.
    """
    # Not the server's own parser: a fault of that parser must not hide from the check.
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("The text is nested too deep.") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON.")


def _finite(number: str) -> float:
    # RFC 8259 §6 expects no more than doubles; and infinity is a number to one validator but not to another.
    value = float(number)
    if math.isinf(value):
        raise ValueError("A number is beyond what a double holds.")
    return value
