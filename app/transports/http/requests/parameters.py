"""The query, path and header parameters of a request: parsed to the types that the contract defines, and checked against it.

Connexion's parser and validator are not used. They accept two values for a single-valued parameter and use the last, accept numbers in
spellings that only Python allows, and let a value with a trailing newline match a pattern. Connexion also builds them anew for each
request, which took longer than the rest of the request. Here the contract is read once, when the server starts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.types import Scope

from app.specification.errors import Refusal
from app.specification.schema.schema import compile_schema
from app.specification.strict_json import JsonValue
from app.transports.http.requests.remembered import Remembered

SHOWN_VIOLATIONS = 5  # keeps the problem document below 2 KB
SHOWN_CHARACTERS = 64  # of the name of an unknown parameter, which may be of any length

# For each JSON type: the pattern of its values (RFC 8259 §6 and §3), and the function that converts them. int() and float() alone would
# accept far more, such as "1_000".
_LITERALS: Mapping[str, tuple[re.Pattern[str], Callable[[str], JsonValue]]] = {
    "integer": (re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII), int),
    "number": (re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?", re.ASCII), float),
    "boolean": (re.compile(r"true|false"), "true".__eq__),
}


class ParameterViolation(NamedTuple):
    """A parameter that does not follow the contract, and the reason. `location`: query, path or header."""

    location: str
    name: str
    message: str


class InvalidParameters(Refusal):
    """Raised when parameters of a request do not follow the contract. `violations`: the first of them, with the reasons."""

    def __init__(self, violations: list[ParameterViolation]) -> None:
        count = "1 parameter is" if len(violations) == 1 else f"{len(violations)} parameters are"
        super().__init__(f"{count} not as the contract says.")
        self.violations = violations[:SHOWN_VIOLATIONS]


class ContractParameters:
    """The parameters of one operation, as the contract defines them."""

    def __init__(self, definitions: Sequence[Mapping[str, Any]], spell: Callable[[str], str]) -> None:
        """Compile the schemas of the parameters. Raises InvalidContract if a schema is not valid.

        `definitions`: the Parameter Objects of the OpenAPI contract.
        `spell`: turns the name of a parameter into the name of a Python argument.
        """
        by_location: dict[str, dict[str, _Parameter]] = {"query": {}, "header": {}, "path": {}}
        for definition in definitions:
            by_location[definition["in"]][definition["name"]] = _Parameter(definition)
        self._query, self._path = by_location["query"], by_location["path"]
        self._headers = [(name.lower().encode(), name, parameter) for name, parameter in by_location["header"].items()]
        self._spelt = {name: spell(name) for name in (*self._query, *self._path)}
        self._queries: Remembered[bytes, Mapping[str, JsonValue]] = Remembered()

    def read(self, request: Request) -> dict[str, JsonValue]:
        """Return the query and path parameters of a request: a mapping from the names of Python arguments to the parsed values.

        An absent parameter has its default, if the contract defines one. Header parameters are checked but not returned, because a header
        may have the same name as a query parameter; the operation reads the headers itself. Raises InvalidParameters if any parameter
        does not follow the contract.
        """
        query = request.scope["query_string"]
        queried, violations = self._read_query(query)
        in_path: dict[str, JsonValue] = {}
        violations += [*self._read_headers(request.scope), *self._read_path(request.path_params, in_path)]
        if violations:
            raise InvalidParameters(violations)
        self._queries.put(query, len(query), queried)
        return {**queried, **in_path}

    def _read_query(self, query: bytes) -> tuple[Mapping[str, JsonValue], list[ParameterViolation]]:
        known = self._queries.get(query)
        if known is not None:
            return known, []
        arguments: dict[str, JsonValue] = {}
        return arguments, [*self._parse_query(_sent(query), arguments)]

    def _parse_query(self, sent: dict[str, list[str]], arguments: dict[str, JsonValue]) -> Iterator[ParameterViolation]:
        for name in sent.keys() - self._query.keys():
            yield ParameterViolation("query", name[:SHOWN_CHARACTERS], "is not a parameter of this operation")
        for name, parameter in self._query.items():
            values = sent.get(name)
            if values is not None:
                yield from parameter.read(values, arguments, self._spelt[name])
            elif parameter.is_required:
                yield ParameterViolation("query", name, "is required")
            elif parameter.default is not None:
                arguments[self._spelt[name]] = parameter.default

    def _read_headers(self, scope: Scope) -> Iterator[ParameterViolation]:
        for field, name, parameter in self._headers:
            sent = header_values(scope, field)
            if len(sent) > 1:
                yield ParameterViolation("header", name, "takes one value and was given more")
            elif sent and sent[0]:  # an empty header counts as absent, as an empty Last-Event-ID is not an id
                yield from parameter.violations(sent[0])

    def _read_path(
        self, path_params: Mapping[str, JsonValue], arguments: dict[str, JsonValue]
    ) -> Iterator[ParameterViolation]:
        for name, parameter in self._path.items():
            value = path_params.get(name, path_params.get(name.replace("-", "_")))
            arguments[self._spelt[name]] = value
            yield from parameter.violations(value)


class _Parameter:
    """One parameter, as a Parameter Object of the contract defines it."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        schema = definition["schema"]
        self._name, self._location = definition["name"], definition["in"]
        self._is_array = schema["type"] == "array"
        self._type = schema["items"]["type"] if self._is_array else schema["type"]
        self._may_be_empty = definition.get("allowEmptyValue", False)
        self._schema = compile_schema(schema, f"The parameter {self._name}")
        self.is_required = definition.get("required", False)
        self.default: JsonValue = schema.get("default")

    def read(self, sent: list[str], arguments: dict[str, JsonValue], spelt: str) -> Iterator[ParameterViolation]:
        """Parse the strings that were sent for this parameter, and yield the violations of the contract.

        The parsed value is added to `arguments` under `spelt`, the name of the Python argument.
        """
        if len(sent) > 1 and not self._is_array:
            yield self._violation("takes one value and was given more")
            return
        # style: form, explode: true; but comma-separated values are accepted, too
        texts = ",".join(sent).split(",") if self._is_array else sent
        if not self._are_literals(texts):
            yield self._violation(f"must be {'an' if self._type == 'integer' else 'a'} {self._type}")
            return
        values = [self._value(text) for text in texts]
        arguments[spelt] = value = values if self._is_array else values[0]
        if value or not self._may_be_empty:
            yield from self.violations(value)

    def violations(self, value: JsonValue) -> Iterator[ParameterViolation]:
        violations, _ = self._schema.violations(value, limit=1)
        for violation in violations:
            yield self._violation(violation.message)

    def _are_literals(self, texts: list[str]) -> bool:
        if self._type not in _LITERALS:
            return True
        pattern, _ = _LITERALS[self._type]
        return all(pattern.fullmatch(text) for text in texts)

    def _value(self, text: str) -> JsonValue:
        return _LITERALS[self._type][1](text) if self._type in _LITERALS else text

    def _violation(self, message: str) -> ParameterViolation:
        return ParameterViolation(self._location, self._name, message)


def header_values(scope: Scope, name: bytes) -> list[str]:
    """Return the values of a header of a request, in the order of receipt. `name`: the name of the header in lower case."""
    return [value.decode("latin-1") for field, value in scope["headers"] if field == name]


def _sent(query_string: bytes) -> dict[str, list[str]]:
    sent: dict[str, list[str]] = {}
    for name, value in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True):
        sent.setdefault(name, []).append(value)
    return sent
