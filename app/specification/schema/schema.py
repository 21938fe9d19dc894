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
    """One violation of a schema: a JSON pointer (RFC 6901) into the value, and a message that says what is required there."""

    pointer: str
    message: str


class VerdictsDiffer(Exception):
    """Raised when one of the two validators refuses a value in which the other finds nothing wrong.

    That is a bug, here or in a validator. Accepting the value would hide it, and refusing the value would leave the client
    without a reason; so the request fails with a server error and is logged.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: jsonschema-rs refuses a value in which jsonschema finds nothing wrong.")


class Schema:
    """A compiled schema; `compile_schema` makes one.

    `accepts`: a function that returns whether a value is valid. It is fast, and always agrees with `violations`.
    """

    def __init__(self, name: str, accepts: Verdict, validator: Validator) -> None:
        self._name = name
        self.accepts = accepts
        self._validator = validator

    def violations(self, value: JsonValue, limit: int) -> tuple[list[Violation], int]:
        """Find all violations; return the first `limit` of them, ordered by pointer, and the number of all."""
        if self.accepts(value):
            return [], 0
        errors: list[ValidationError] = sorted(self._validator.iter_errors(value), key=_order)
        if not errors:
            raise VerdictsDiffer(self._name)
        found = [(error, MESSAGES[str(error.validator)](error.validator_value, error)) for error in errors]
        violations = (Violation(_pointer(error.absolute_path), each) for error, messages in found for each in messages)
        return list(islice(violations, limit)), sum(len(messages) for _, messages in found)


def compile_schema(schema: Mapping[str, JsonValue], name: str) -> Schema:
    """Compile a schema, which errors call `name`. Raises InvalidContract, with a pointer into the schema."""
    if schema.get("$schema", DRAFT) != DRAFT:
        raise InvalidContract(f"{name}: the $schema must be {DRAFT}.")
    for path, reason in _faults(schema):
        raise InvalidContract(f"{name}: the schema is wrong at {_pointer(path) or 'its root'}: {reason}.")
    return Schema(name, compile_verdict(schema), DialectValidator(schema, format_checker=FORMATS))


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
    """Write a path as a JSON pointer. If the pointer is too long, write the pointer of the closest enclosing value that is short enough."""
    pointer = ""
    for part in path:
        step = write_pointer((part,))
        if len(pointer) + len(step) > POINTER_CHARACTERS:
            break
        pointer += step
    return pointer
