"""The rules of OpenAPI 3.0, as the official JSON Schema and the package openapi-spec-validator have them. To import it takes a fifth of a
start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import jsonschema_rs
from jsonschema import Draft4Validator
from jsonschema.exceptions import best_match
from openapi_spec_validator import OpenAPIV30SpecValidator
from openapi_spec_validator.schemas import schema_v30

from app.specification.pointer import contract_error
from app.specification.schema.messages import cut

MESSAGE_CHARACTERS: Final = 200  # the validators repeat the whole object that they refuse

# jsonschema-rs decides in a hundredth of the time that jsonschema takes; jsonschema finds the place and the reason. Neither checks
# formats.
_STRUCTURE: Final = jsonschema_rs.Draft4Validator(dict(schema_v30), validate_formats=False)


class _BeyondStructure(OpenAPIV30SpecValidator):
    """A validator for the rules of OpenAPI 3.0 that a JSON Schema cannot express, such as unique operationIds.

    The JSON Schema check is switched off in this validator: `check_structure` makes that check, and reports the location of each
    error.
    """

    schema_validator = Draft4Validator({})


def check_structure(document: Mapping[str, Any]) -> None:
    """Check a document against the official JSON Schema of OpenAPI 3.0. Raises InvalidContract at the first violation."""
    if _STRUCTURE.is_valid(document):
        return
    error = best_match(Draft4Validator(schema_v30).iter_errors(document))
    if error is not None:
        raise contract_error(tuple(error.absolute_path), _line(error.message))


def check_beyond_structure(document: Mapping[str, Any]) -> None:
    """Check the rules of OpenAPI 3.0 that a JSON Schema cannot express. Raises InvalidContract if a rule is broken."""
    for error in _BeyondStructure(document).iter_errors():
        raise contract_error(tuple(error.absolute_path), _line(error.message))


def _line(message: str) -> str:
    return cut(message.partition("\n")[0], MESSAGE_CHARACTERS).removesuffix(".")
