"""Write a frame of the stream as text, for documents that show the wire; a frame is an object, as in the contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.specification.strict_json import serialise

DATA = "data"


def fields(frame: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a frame as they are on the wire: `data` as one line of JSON, the others unchanged."""
    return {name: serialise(value) if name == DATA else value for name, value in frame.items()}


def frame_text(frame: Mapping[str, Any]) -> str:
    """Write the fields of a frame in their order, and the blank line that ends the frame."""
    return "".join(f"{name}: {value}\n" for name, value in fields(frame).items()) + "\n"
