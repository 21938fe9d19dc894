"""Read what a server tells about a major version that is deprecated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..events import Deprecation


def deprecation(data: Mapping[str, Any]) -> Deprecation | None:
    """Return the value of a `stream.deprecation` event; None if its data do not follow the contract, as they are not needed to go on."""
    match data:
        case {"eventType": str(event_type), "majorVersion": int(major), "deprecatedOn": str(day)}:
            sunset, successor = data.get("sunsetOn"), data.get("successor")
            return Deprecation(
                event_type,
                major,
                day,
                sunset if isinstance(sunset, str) else None,
                successor if isinstance(successor, int) else None,
            )
    return None
