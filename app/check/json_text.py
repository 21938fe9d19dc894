"""Read JSON that a server under check sent, which may be anything."""

from __future__ import annotations

import json
from typing import Any, NoReturn


def read_json(text: str | bytes) -> Any:
    """Read JSON as RFC 8259 has it. Raises ValueError, for NaN and for nesting without end too."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("The text is nested too deep.") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON.")
