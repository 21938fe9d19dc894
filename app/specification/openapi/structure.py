"""Check that the document is valid OpenAPI 3.0, and that each operation has an `operationId` and `security`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jsonschema_rs
from jsonschema import Draft4Validator
from jsonschema.exceptions import best_match
from openapi_spec_validator import OpenAPIV30SpecValidator
from openapi_spec_validator.schemas import schema_v30

from app.specification.pointer import Pointer, contract_error
from app.specification.schema.messages import cut

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# jsonschema-rs decides in a hundredth of the time that jsonschema takes; jsonschema finds the place and the reason. Neither checks
# formats.
_STRUCTURE = jsonschema_rs.Draft4Validator(dict(schema_v30), validate_formats=False)
MESSAGE_CHARACTERS = 200  # the validators repeat the whole object that they refuse


class Operation(NamedTuple):
    """One operation of the document: its path template, method in lower case, and Operation Object."""

    path: str
    method: str
    content: Mapping[str, Any]

    @property
    def pointer(self) -> Pointer:
        return ("paths", self.path, self.method)


class _BeyondStructure(OpenAPIV30SpecValidator):
    """The rules of OpenAPI that a JSON Schema cannot express. `check_structure` checks the schema, and its errors report a location."""

    schema_validator = Draft4Validator({})


def check_version(document: Mapping[str, Any]) -> None:
    """Check that the document is OpenAPI 3.0, the only version that Connexion reads. Raises InvalidContract."""
    version = document.get("openapi")
    if not isinstance(version, str) or not re.fullmatch(r"3\.0\.[0-9]+", version):
        raise contract_error(("openapi",), f"the version must be 3.0.x, not {version!r}")


def check_structure(document: Mapping[str, Any]) -> None:
    """Check the document by the schema of OpenAPI 3.0. Raises InvalidContract."""
    if _STRUCTURE.is_valid(document):
        return
    error = best_match(Draft4Validator(schema_v30).iter_errors(document))
    if error is not None:
        raise contract_error(tuple(error.absolute_path), _line(error.message))


def check_operations(document: Mapping[str, Any]) -> None:
    """Check the other rules of OpenAPI 3.0, and that each operation has `operationId` and `security`. Raises InvalidContract."""
    for error in _BeyondStructure(document).iter_errors():
        raise contract_error(tuple(error.absolute_path), _line(error.message))
    for each in operations(document):
        for member in ("operationId", "security"):
            if member not in each.content:
                raise contract_error(each.pointer, f"the operation has no {member} of its own")


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield the operations of a valid document, in its order."""
    for path, item in document["paths"].items():
        for method in item:
            if method in METHODS:
                yield Operation(path, method, item[method])


def operation(document: Mapping[str, Any], operation_id: str) -> Operation:
    """Return the operation with an operationId. Raises InvalidContract if there is none."""
    for each in operations(document):
        if each.content["operationId"] == operation_id:
            return each
    raise contract_error(("paths",), f"there is no operation {operation_id!r}")


def _line(message: str) -> str:
    return cut(message.partition("\n")[0], MESSAGE_CHARACTERS).removesuffix(".")
