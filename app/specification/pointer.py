"""Name a place in the OpenAPI document, and what is wrong there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from app.specification.errors import InvalidContract

DOCUMENT = "openapi/orders-events.yaml"
"""Where the document stands below a contract's root, and what errors call it."""

Place: TypeAlias = tuple[str | int, ...]


def fault(place: Place, reason: str) -> InvalidContract:
    """Make the one line that stops the start."""
    return InvalidContract(f"{DOCUMENT}: {dotted(place)}: {reason}.")


def find(document: Mapping[str, Any], *place: str | int) -> Any:
    """Return what stands at a place. Raises InvalidContract where nothing does."""
    found: Any = document
    for depth, key in enumerate(place, start=1):
        if not isinstance(found, Mapping) or key not in found:
            raise fault(place[:depth], "is missing")
        found = found[key]
    return found


def place_of(reference: str) -> Place:
    """Turn a `#/` reference (RFC 6901) into the place that it refers to."""
    steps = reference.removeprefix("#/").split("/")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in steps)


def dotted(place: Place) -> str:
    return ".".join(map(str, place)) or "the document"
