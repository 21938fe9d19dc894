"""Compile a JSON Schema once, then find the violations in any number of values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from jsonschema import Draft202012Validator, SchemaError, ValidationError
from jsonschema.protocols import Validator

from app.specification.errors import InvalidContract
from app.specification.pointer import write_pointer
from app.specification.schema.dialect import DRAFT, FORMATS, DialectValidator, refusals
from app.specification.schema.messages import MESSAGES, cut
from app.specification.schema.verdict import Verdict, compile_verdict, is_schema
from app.specification.strict_json import JsonValue

POINTER_CHARACTERS = 200  # the name of a property may be as long as the request


class Violation(NamedTuple):
    """One violation of a schema: a JSON pointer (RFC 6901) to the wrong value, and a message that states the broken rule."""

    pointer: str
    message: str


class VerdictsDiffer(Exception):
    """Raised when jsonschema-rs (the fast validator) refuses a value in which jsonschema finds no violation.

    This is a bug in this program or in a validator. To accept the value would hide the bug; to refuse the value would leave the
    client without a reason. So the request fails with a server error, which is logged.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: jsonschema-rs refuses a value in which jsonschema finds nothing wrong.")


class Schema:
    """A compiled JSON Schema; `compile_schema` creates it.

    `source`: the JSON Schema itself. `accepts`: a fast function that returns whether a value is valid. `violations` calls the same function
    first, so the two agree.
    """

    def __init__(self, name: str, source: Mapping[str, JsonValue], accepts: Verdict, validator: Validator) -> None:
        self._name = name
        self.source = source
        self.accepts = accepts
        self._validator = validator

    def violations(self, value: JsonValue, limit: int) -> tuple[list[Violation], int]:
        """Find all violations in a value; return the first `limit` violations, ordered by pointer, and the total number."""
        if self.accepts(value):
            return [], 0
        errors: list[ValidationError] = sorted(self._validator.iter_errors(value), key=_order)
        if not errors:
            raise VerdictsDiffer(self._name)
        found = [(error, MESSAGES[str(error.validator)](error.validator_value, error)) for error in errors]
        violations = (Violation(_pointer(error.absolute_path), each) for error, messages in found for each in messages)
        return list(islice(violations, limit)), sum(len(messages) for _, messages in found)


def compile_schema(schema: Mapping[str, JsonValue], name: str) -> Schema:
    """Compile a JSON Schema.

    `name`: the name of the schema in error messages.
    Raises InvalidContract, with a pointer into the schema, if the schema is invalid or uses a keyword that contracts may not use.
    """
    if schema.get("$schema", DRAFT) != DRAFT:
        raise InvalidContract(f"{name}: the $schema must be {DRAFT}.")
    for path, reason in _faults(schema):
        raise InvalidContract(f"{name}: the schema is wrong at {_pointer(path) or 'its root'}: {reason}.")
    return Schema(name, schema, compile_verdict(schema), DialectValidator(schema, format_checker=FORMATS))


def _faults(schema: Mapping[str, JsonValue]) -> Iterator[tuple[Iterable[str | int], str]]:
    if not is_schema(dict(schema)):
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            yield error.absolute_path, cut(error.message.splitlines()[0], 200)
            return
    yield from refusals(schema)


def _order(error: ValidationError) -> tuple[list[tuple[bool, int, str]], str]:
    # Indexes of an array are ordered as numbers: /2 comes before /10.
    path = [(False, part, "") if isinstance(part, int) else (True, 0, part) for part in error.absolute_path]
    return path, str(error.validator)


def _pointer(path: Iterable[str | int]) -> str:
    """Return the location of a value as a JSON pointer, for an error message.

    If the pointer would be too long, the result is the pointer to a value that contains this value.
    """
    pointer = ""
    for part in path:
        step = write_pointer((part,))
        if len(pointer) + len(step) > POINTER_CHARACTERS:
            break
        pointer += step
    return pointer
