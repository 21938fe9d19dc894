"""Check that the OpenAPI document is valid OpenAPI 3.0, and that each operation has an `operationId` and `security`."""

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
    """One operation of the OpenAPI document: its path template, its HTTP method in lower case, and its Operation Object."""

    path: str
    method: str
    content: Mapping[str, Any]

    @property
    def pointer(self) -> Pointer:
        return ("paths", self.path, self.method)


class _BeyondStructure(OpenAPIV30SpecValidator):
    """A validator for the rules of OpenAPI 3.0 that a JSON Schema cannot express, such as unique operationIds.

    The JSON Schema check is switched off in this validator: `check_structure` makes that check, and reports the location of each
    error.
    """

    schema_validator = Draft4Validator({})


def check_version(document: Mapping[str, Any]) -> None:
    """Check that a document is OpenAPI 3.0, the only version that the web framework Connexion reads.

    Raises InvalidContract if the document has another version.
    """
    version = document.get("openapi")
    if not isinstance(version, str) or not re.fullmatch(r"3\.0\.[0-9]+", version):
        raise contract_error(("openapi",), f"the version must be 3.0.x, not {version!r}")


def check_structure(document: Mapping[str, Any]) -> None:
    """Check a document against the official JSON Schema of OpenAPI 3.0. Raises InvalidContract at the first violation."""
    if _STRUCTURE.is_valid(document):
        return
    error = best_match(Draft4Validator(schema_v30).iter_errors(document))
    if error is not None:
        raise contract_error(tuple(error.absolute_path), _line(error.message))


def check_operations(document: Mapping[str, Any]) -> None:
    """Check the rules of OpenAPI 3.0 that a JSON Schema cannot express. Raises InvalidContract if a rule is broken.

    Also checks that each operation has an `operationId` and `security`.
    """
    for error in _BeyondStructure(document).iter_errors():
        raise contract_error(tuple(error.absolute_path), _line(error.message))
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


def _line(message: str) -> str:
    return cut(message.partition("\n")[0], MESSAGE_CHARACTERS).removesuffix(".")
