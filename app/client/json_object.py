"""JSON of a server that may be anybody's."""

from __future__ import annotations

import json
from typing import Any


def json_object(text: str | bytes) -> dict[str, Any] | None:
    """Read an object; None where it is another value, or no JSON that Python can read."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # the latter by what is nested thousands of levels deep
        return None
    return value if isinstance(value, dict) else None
