"""Check that the document is OpenAPI 3.0, and that each of its operations says who it is and whom it lets in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from jsonschema.exceptions import best_match
from openapi_spec_validator import OpenAPIV30SpecValidator

from app.transports.http.document.place import Place, fault

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MESSAGE_CHARACTERS = 300  # the validator repeats the whole object that it refuses


class Operation(NamedTuple):
    """One operation of the document: its path template, method in lower case, and Operation Object."""

    path: str
    method: str
    content: Mapping[str, Any]

    @property
    def place(self) -> Place:
        return ("paths", self.path, self.method)


def check_version(document: Mapping[str, Any]) -> None:
    """Refuse what Connexion cannot read. Raises InvalidContract."""
    version = document.get("openapi")
    if not isinstance(version, str) or not re.fullmatch(r"3\.0\.[0-9]+", version):
        raise fault(("openapi",), f"the version must be 3.0.x, not {version!r}")


def check_openapi(document: Mapping[str, Any]) -> None:
    """Refuse what is not OpenAPI 3.0, and operations without a name or a word on security. Raises InvalidContract."""
    error = best_match(OpenAPIV30SpecValidator(document).iter_errors())
    if error is not None:
        message = " ".join(error.message.split())
        raise fault(tuple(error.absolute_path), message[:MESSAGE_CHARACTERS].removesuffix("."))
    for operation in operations(document):
        for member in ("operationId", "security"):
            if member not in operation.content:
                raise fault(operation.place, f"the operation has no {member} of its own")


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Go through the operations of a valid document, in its order."""
    for path, item in document["paths"].items():
        for method in item:
            if method in METHODS:
                yield Operation(path, method, item[method])


def operation(document: Mapping[str, Any], operation_id: str) -> Operation:
    """Find an operation by its name. Raises InvalidContract where there is none."""
    for each in operations(document):
        if each.content["operationId"] == operation_id:
            return each
    raise fault(("paths",), f"there is no operation {operation_id!r}")
