"""Write a frame of the stream, parsed as the contract shows it, the way it travels; for documents that show the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.specification.strict_json import serialise

DATA = "data"


def fields(frame: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields of a frame as they are on the wire: `data` is one line of JSON, the others are as they were."""
    return {name: serialise(value) if name == DATA else value for name, value in frame.items()}


def frame_text(frame: Mapping[str, Any]) -> str:
    """Write a frame with its fields in their order, and the blank line that ends it."""
    return "".join(f"{name}: {value}\n" for name, value in fields(frame).items()) + "\n"
