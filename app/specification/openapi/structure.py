"""The version of an OpenAPI document, and its operations. What makes it valid OpenAPI 3.0 is in `validity/`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from app.specification.pointer import Pointer, contract_error

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class Operation(NamedTuple):
    """One operation of the OpenAPI document: its path template, its HTTP method in lower case, and its Operation Object."""

    path: str
    method: str
    content: Mapping[str, Any]

    @property
    def pointer(self) -> Pointer:
        return ("paths", self.path, self.method)


def check_version(document: Mapping[str, Any]) -> None:
    """Check that a document is OpenAPI 3.0, the only version that the web framework Connexion reads.

    Raises InvalidContract if the document has another version.
    """
    version = document.get("openapi")
    if not isinstance(version, str) or not re.fullmatch(r"3\.0\.[0-9]+", version):
        raise contract_error(("openapi",), f"the version must be 3.0.x, not {version!r}")


def check_operations(document: Mapping[str, Any]) -> None:
    """Check that each operation has an `operationId` and `security` of its own. Raises InvalidContract if one has not."""
    for each in operations(document):
        for member in ("operationId", "security"):
            if member not in each.content:
                raise contract_error(each.pointer, f"the operation has no {member} of its own")


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield the operations of a valid OpenAPI document, in the order of the document."""
    for path, item in document["paths"].items():
        for method in item:
            if method in METHODS:
                yield Operation(path, method, item[method])


def operation(document: Mapping[str, Any], operation_id: str) -> Operation:
    """Return the operation with the given operationId. Raises InvalidContract if the document has no such operation."""
    for each in operations(document):
        if each.content["operationId"] == operation_id:
            return each
    raise contract_error(("paths",), f"there is no operation {operation_id!r}")
