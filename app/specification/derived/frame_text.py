"""Write an example frame of the event stream as text. The frame is given as an object with members such as `event` and `data`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.specification.strict_json import serialise

DATA = "data"


def fields(frame: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a frame as they are sent: `data` becomes one line of JSON, the other fields stay the same."""
    return {name: serialise(value) if name == DATA else value for name, value in frame.items()}


def frame_text(frame: Mapping[str, Any]) -> str:
    """Return a frame as the text that the server sends: one line for each field, in the given order, and a final blank line."""
    return "".join(f"{name}: {value}\n" for name, value in fields(frame).items()) + "\n"
