"""Validate the parameters of a request against the contract; every violation is named, at once.

Connexion parses and coerces; what it lets pass is refused here: a single value given twice, numbers that only Python reads as
numbers, a pattern that a trailing newline slips through, an unknown name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from connexion.lifecycle import ConnexionRequest
from connexion.validators import ParameterValidator

from app.events.errors import Refusal
from app.events.event import JsonValue
from app.events.schema import Schema, compile_schema

SHOWN_VIOLATIONS = 5  # keeps the problem below 2 KB
SHOWN_CHARACTERS = 64  # of a name that the client made up

# What the coerced types look like as text (RFC 8259 §6 and §3); int() and float() read far more.
_LITERALS = {
    "integer": re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII),
    "number": re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?", re.ASCII),
    "boolean": re.compile(r"true|false"),
}


class ParameterViolation(NamedTuple):
    """One parameter that is not as the contract has it; `location` is query, path or header."""

    location: str
    name: str
    message: str


class InvalidParameters(Refusal):
    """Refuse a request because of its parameters."""

    def __init__(self, violations: list[ParameterViolation]) -> None:
        count = "1 parameter is" if len(violations) == 1 else f"{len(violations)} parameters are"
        super().__init__(f"{count} not as the contract says.")
        self.violations = violations[:SHOWN_VIOLATIONS]


class ContractParameters(ParameterValidator):  # type: ignore[misc]  # Connexion ships no types
    """Connexion's validator of parameters, replaced by ours."""

    def validate_request(self, request: ConnexionRequest) -> None:
        violations = list(self._violations(request))
        if violations:
            raise InvalidParameters(violations)

    def _violations(self, request: ConnexionRequest) -> Iterator[ParameterViolation]:
        sent = _sent(request.scope["query_string"])
        known = {parameter["name"] for parameter in self.parameters["query"]}
        for name in sent.keys() - known:
            yield ParameterViolation("query", name[:SHOWN_CHARACTERS], "is not a parameter of this operation")
        for parameter in self.parameters["query"]:
            yield from self._query(parameter, sent.get(parameter["name"], []), request)
        for parameter in self.parameters["header"]:
            yield from _header(parameter, request.headers.getlist(parameter["name"]))
        for parameter in self.parameters["path"]:
            value = request.path_params.get(parameter["name"]) or request.path_params.get(
                parameter["name"].replace("-", "_")
            )
            yield from _value(parameter, value)

    def _query(
        self, parameter: dict[str, Any], sent: list[str], request: ConnexionRequest
    ) -> Iterator[ParameterViolation]:
        name, kind = parameter["name"], parameter["schema"]["type"]
        if not sent:
            if parameter.get("required"):
                yield ParameterViolation("query", name, "is required")
            return
        if kind != "array" and len(sent) > 1:
            yield ParameterViolation("query", name, "takes one value and was given more")
        elif kind in _LITERALS and not _LITERALS[kind].fullmatch(sent[0]):
            yield ParameterViolation("query", name, f"must be {'an' if kind == 'integer' else 'a'} {kind}")
        elif sent != [""] or not parameter.get("allowEmptyValue"):
            yield from _value(parameter, request.query_params[name])


def _sent(query_string: bytes) -> dict[str, list[str]]:
    sent: dict[str, list[str]] = {}
    for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True):
        sent.setdefault(name, []).append(value)
    return sent


def _header(parameter: dict[str, Any], sent: list[str]) -> Iterator[ParameterViolation]:
    if len(sent) > 1:
        yield ParameterViolation("header", parameter["name"], "takes one value and was given more")
    elif sent and sent[0]:  # an empty header says nothing: EventSource sends none before its first id
        yield from _value(parameter, sent[0])


def _value(parameter: dict[str, Any], value: JsonValue) -> Iterator[ParameterViolation]:
    schema = _compiled(json.dumps(parameter["schema"], sort_keys=True))
    violations, _ = schema.violations(value, limit=1)
    for violation in violations:
        yield ParameterViolation(parameter["in"], parameter["name"], violation.message)


@cache
def _compiled(schema: str) -> Schema:
    return compile_schema(json.loads(schema), "A parameter")
