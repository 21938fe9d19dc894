"""An event as a line: of JSON for programs, of text for people."""

from __future__ import annotations

import json
import zlib
from typing import Final

from app.cli.messages import one_line
from app.cli.terminal import Paint
from app.client import OrderEvent

_COLOURS: Final = ("green", "red", "cyan", "magenta", "yellow", "blue")
_SHOWN_APART: Final = frozenset({"orderId", "when"})
_TYPE_COLUMNS: Final = 16


def json_line(event: OrderEvent, _paint: Paint) -> str:
    """Write the id, the type and the data."""
    return json.dumps({"id": event.id, "eventType": event.event_type, "data": event.data})


def text_line(event: OrderEvent, paint: Paint) -> str:
    """Write the time, the type, the order, what else there is, and the id to go on after."""
    name = one_line(event.event_type)
    others = [f"{member}={_shown(value)}" for member, value in event.data.items() if member not in _SHOWN_APART]
    parts = [
        paint(_shown(event.data.get("when", "")), "dim"),
        paint(f"{name:{_TYPE_COLUMNS}}", _colour(name)),
        _shown(event.data.get("orderId", "")),
        *others,
        paint(one_line(event.id), "dim"),
    ]
    return "  ".join(parts)


def _shown(value: object) -> str:
    return one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _colour(event_type: str) -> str:
    # By the name, so that no event type must be known here, and each has the same colour every day.
    return _COLOURS[zlib.crc32(event_type.encode()) % len(_COLOURS)]
