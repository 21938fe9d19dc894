"""Find the components that a part of the OpenAPI document needs, by following references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from app.specification.pointer import parse_reference

ComponentKey: TypeAlias = tuple[str, str]
"""The kind and the name of a component, such as `("schemas", "Problem")`."""


def reachable(document: Mapping[str, Any], node: Any) -> set[ComponentKey]:
    """Return the components that `node` refers to, directly or through other components."""
    found: set[ComponentKey] = set()
    unseen = list(_referred(node))
    while unseen:
        kind, name = unseen.pop()
        if (kind, name) not in found:
            found.add((kind, name))
            unseen.extend(_referred(document["components"][kind][name]))
    return found


def _referred(node: Any) -> Iterator[ComponentKey]:
    match node:
        case {"$ref": str(reference)}:
            _, kind, name, *_ = map(
                str, parse_reference(reference)
            )  # also if the reference leads to a part of the component
            yield kind, name
        case dict():
            for value in node.values():
                yield from _referred(value)
        case list():
            for value in node:
                yield from _referred(value)
