"""Read JSON that a server under check sent, which may be anything."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn


def read_json(text: str | bytes) -> Any:
    """Read JSON as RFC 8259 has it. Raises ValueError, for NaN, what no double holds, and nesting without end too."""
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("The text is nested too deep.") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON.")


def _finite(number: str) -> float:
    # RFC 8259 §6 expects no more than doubles, and to one validator infinity is a number, to another it is none.
    value = float(number)
    if math.isinf(value):
        raise ValueError("A number is beyond what a double holds.")
    return value
