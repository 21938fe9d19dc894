"""Find the operations in an OpenAPI document, with every reference replaced by what it refers to.

These functions repeat a few lines of `app.specification.openapi` on purpose: the server uses those lines to prepare its own
document. If the check used the same code, the check could not detect a fault in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def read_operations(document: Mapping[str, Any]) -> dict[str, tuple[str, str, Any]]:
    """Return the operations of an OpenAPI document by operationId.

    Each operation is its path, its HTTP method in upper case, and its Operation Object without references. Raises ValueError if a
    reference leads back to itself or out of the document.
    """
    return {
        operation["operationId"]: (path, method.upper(), _inlined(operation, document, ()))
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "operationId" in operation
    }


def methods_of(operations: Mapping[str, tuple[str, str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return the HTTP methods of each path."""
    methods: dict[str, tuple[str, ...]] = {}
    for path, method, _ in operations.values():
        methods[path] = (*methods.get(path, ()), *(("GET", "HEAD") if method == "GET" else (method,)))
    return methods


def needs_token(operation: Mapping[str, Any]) -> bool:
    """Return whether an operation always needs an access token."""
    security = operation.get("security", [])
    return bool(security) and {} not in security


def _inlined(node: Any, document: Mapping[str, Any], trail: Sequence[str]) -> Any:
    """Return a part of an OpenAPI document with every reference replaced by the value that it refers to.

    `trail`: the references that have been followed to this part.
    Raises ValueError if a reference leads back to itself or out of the document.
    """
    match node:
        case {"$ref": str(reference)}:
            if reference in trail or not reference.startswith("#/"):
                raise ValueError(f"the reference {reference!r} cannot be followed")
            return _inlined(_referred(reference, document), document, (*trail, reference))
        case dict():
            return {key: _inlined(value, document, trail) for key, value in node.items()}
        case list():
            return [_inlined(value, document, trail) for value in node]
        case _:
            return node


def _referred(reference: str, document: Mapping[str, Any]) -> Any:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found
