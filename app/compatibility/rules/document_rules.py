"""The rules for the OpenAPI document: one table per kind of object, one row per member.

Clients say parameters and request bodies, the server says responses. The names of paths, operations, parameters, statuses, media
types, headers and components are public: none may go without a new major version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from app.compatibility.rules import effects
from app.compatibility.rules.change import Change, Direction, Effect
from app.compatibility.rules.comparison import ABSENT, Comparison
from app.compatibility.rules.rows import (
    Row,
    Table,
    compare_parts,
    extended,
    fixed,
    ignored,
    leaf,
    part,
    parts,
    reworded,
)
from app.compatibility.rules.schema_rules import SCHEMA
from app.specification.openapi.structure import METHODS

_DEMANDED = leaf(effects.switch(Effect.TIGHTENED))  # `required`: of clients in a request, promised in a response
_ALLOWED = leaf(effects.switch(Effect.LOOSENED))


def _if_demanded(comparison: Comparison) -> Effect:
    followed = comparison.followed()
    return Effect.TIGHTENED if followed is not None and followed.now.get("required") is True else Effect.EXTENDED


def _by_status(comparison: Comparison) -> Effect:
    # An unknown error is treated as its class (RFC 9110 §15), a success is expected to have the content that it had.
    return Effect.EXTENDED if str(comparison.pointer[-1])[0] in "45d" else Effect.LOOSENED


def _components(table: Table | None = None) -> Row:
    """Compare the names of components, and by `table` the content of those that no operation leads to."""

    def row(parent: Comparison, name: str) -> Iterator[Change]:
        comparison = parent.member(name)
        before, now = ({} if each is ABSENT else each for each in (comparison.before, comparison.now))
        compared = {pointer[-1] for pointer, _ in comparison.documents.compared if pointer[:-1] == comparison.pointer}
        done = {each for each in before if each in now and (table is None or each in compared)}
        left = replace(comparison, before=_without(before, done), now=_without(now, done))
        yield from compare_parts(left, table or {}, "component")

    return row


def _without(components: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: component for name, component in components.items() if name not in names}


def _examples(parent: Comparison, name: str) -> Iterator[Change]:
    """Compare the examples as text, and the problem types (RFC 9457) that they define."""
    yield from reworded(parent, name)
    comparison = parent.member(name)
    before, now = problem_types(parent.before), problem_types(parent.now)
    for problem in dict.fromkeys((*before, *now)):
        old, new = before.get(problem, ABSENT), now.get(problem, ABSENT)
        here = replace(comparison, before=old, now=new, pointer=(*comparison.pointer, problem))
        if old is ABSENT:
            yield here.change(Effect.EXTENDED, "problem-type-added", "is new")
        elif new is ABSENT:
            yield here.change(Effect.CHANGED, "problem-type-removed", "is gone")
        elif here.differs:
            yield here.change(Effect.CHANGED, "problem-status-changed")


def problem_types(components: Mapping[str, Any]) -> dict[str, Any]:
    """Find the problem types among the examples, and their statuses."""
    found: dict[str, Any] = {}
    for example in components.get("examples", {}).values():
        match example.get("value"):
            case {"type": str(problem), "status": status}:
                found[problem] = status
    return found


_MEDIA_TYPE: Final[Table] = {
    "schema": part(lambda: SCHEMA, "schema", added=Effect.TIGHTENED, removed=Effect.LOOSENED),
    "encoding": fixed,
    "example": reworded,
    "examples": reworded,
}

_HEADER: Final[Table] = {
    "required": _DEMANDED,
    "schema": part(lambda: SCHEMA, "schema", added=Effect.TIGHTENED, removed=Effect.LOOSENED),
    "content": parts(lambda: _MEDIA_TYPE, "media-type"),
    "style": fixed,
    "explode": fixed,
    "allowReserved": fixed,
    "allowEmptyValue": _ALLOWED,
    "deprecated": extended,
    "description": reworded,
    "example": reworded,
    "examples": reworded,
}

_PAGE_LIMIT: Final[Table] = {"default": fixed, "maximum": leaf(effects.at_most)}

_PARAMETER: Final[Table] = {
    **_HEADER,
    "name": fixed,
    "in": fixed,
    "x-page-limit": part(lambda: _PAGE_LIMIT, "page-limit"),  # read by the server
}

_REQUEST_BODY: Final[Table] = {
    "required": _DEMANDED,
    "content": parts(lambda: _MEDIA_TYPE, "media-type"),
    "x-max-body-bytes": leaf(effects.at_most),  # read by the server
    "description": reworded,
}

_LINK: Final[Table] = {
    "operationId": fixed,
    "operationRef": fixed,
    "parameters": fixed,
    "requestBody": fixed,
    "server": fixed,
    "description": reworded,
}

_RESPONSE: Final[Table] = {
    "headers": parts(lambda: _HEADER, "header"),
    "content": parts(lambda: _MEDIA_TYPE, "media-type"),
    "links": parts(lambda: _LINK, "link"),
    "description": reworded,
}

_OPERATION: Final[Table] = {
    "operationId": fixed,
    "tags": fixed,  # generated clients have a class for each
    "security": leaf(effects.security),
    "parameters": parts(lambda: _PARAMETER, "parameter", added=_if_demanded),
    "requestBody": part(lambda: _REQUEST_BODY, "request-body", added=_if_demanded),
    "responses": parts(lambda: _RESPONSE, "response", added=_by_status, direction=Direction.RESPONSE),
    "callbacks": fixed,
    "servers": fixed,
    "deprecated": extended,
    "summary": reworded,
    "description": reworded,
    "externalDocs": reworded,
}

_PATH: Final[Table] = {
    **{method: part(lambda: _OPERATION, "operation") for method in METHODS},
    "parameters": ignored,  # each operation has them (see `normal_form`)
    "servers": fixed,
    "summary": reworded,
    "description": reworded,
}

_SECURITY_SCHEME: Final[Table] = {
    **dict.fromkeys(("type", "name", "in", "scheme", "flows", "openIdConnectUrl"), fixed),
    "bearerFormat": reworded,
    "description": reworded,
}

_COMPONENTS: Final[Table] = {
    "schemas": _components(SCHEMA),
    "parameters": _components(),
    "headers": _components(),
    "requestBodies": _components(),
    "responses": _components(),
    "links": _components(),
    "securitySchemes": _components(_SECURITY_SCHEME),
    "callbacks": fixed,
    "examples": _examples,
}

_INFO: Final[Table] = {
    "version": ignored,  # it is what the differences are held against
    **dict.fromkeys(("title", "description", "termsOfService", "contact", "license"), reworded),
}

_SERVER: Final[Table] = {"url": fixed, "variables": fixed, "description": reworded}

DOCUMENT: Final[Table] = {
    "info": part(lambda: _INFO, "info"),
    "servers": parts(lambda: _SERVER, "server"),
    "security": ignored,  # each operation has it (see `normal_form`)
    "paths": parts(lambda: _PATH, "path", direction=Direction.REQUEST),
    # After the paths, which tell on which side a component is used.
    "components": part(lambda: _COMPONENTS, "components", direction=Direction.BOTH),
    "openapi": reworded,
    "tags": reworded,
    "externalDocs": reworded,
}
"""The rows of a document in its normal form."""

TABLES: Final[Mapping[str, Table]] = {
    "Components": _COMPONENTS,
    "Header": _HEADER,
    "Info": _INFO,
    "Link": _LINK,
    "MediaType": _MEDIA_TYPE,
    "Operation": _OPERATION,
    "Parameter": _PARAMETER,
    "PathItem": _PATH,
    "RequestBody": _REQUEST_BODY,
    "Response": _RESPONSE,
    "Server": _SERVER,
    "Schema": SCHEMA,
}
"""The tables, by the names that OpenAPI gives to the objects."""
