"""The rules for comparing two OpenAPI documents: a table for each kind of OpenAPI object, a row for each of its members.

Parameters and request bodies are sent by clients, responses by the server. The names of paths, operations, parameters, statuses,
media types, headers and components are public: to remove such a name requires a new major version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.compatibility.rules import effects
from app.compatibility.rules.change import Direction, Effect
from app.compatibility.rules.comparison import Comparison
from app.compatibility.rules.component_rules import SECURITY_SCHEME, components, examples
from app.compatibility.rules.message_rules import MESSAGE_MEMBERS
from app.compatibility.rules.normal_form import lower_if_header
from app.compatibility.rules.rows import (
    Table,
    by_name,
    extended,
    fixed,
    ignored,
    leaf,
    part,
    reworded,
)
from app.compatibility.rules.schema_rules import SCHEMA
from app.specification.openapi.statements.promises import PROMISES, STRENGTHS
from app.specification.openapi.structure import METHODS

_DEMANDED = leaf(
    effects.switch(Effect.TIGHTENED)
)  # `required`: demanded of clients in a request, promised by the server in a response
_ALLOWED = leaf(effects.switch(Effect.LOOSENED))


def _if_demanded(comparison: Comparison) -> Effect:
    followed = comparison.followed()
    return Effect.TIGHTENED if followed is not None and followed.now.get("required") is True else Effect.EXTENDED


def _by_status(comparison: Comparison) -> Effect:
    # Clients treat an unknown error like others of its class (RFC 9110 §15), but expect a success to have the content it had.
    return Effect.EXTENDED if str(comparison.pointer[-1])[0] in "45d" else Effect.LOOSENED


_MEDIA_TYPE: Final[Table] = {
    "schema": part(lambda: SCHEMA, "schema", added=Effect.TIGHTENED, removed=Effect.LOOSENED),
    "encoding": fixed,
    "example": reworded,
    "examples": reworded,
}

_CONTENT = by_name(part(lambda: _MEDIA_TYPE, "media-type"), spelt=str.casefold)  # RFC 9110 §8.3.1

_HEADER: Final[Table] = {
    "required": _DEMANDED,
    "schema": part(lambda: SCHEMA, "schema", added=Effect.TIGHTENED, removed=Effect.LOOSENED),
    "content": _CONTENT,
    "style": leaf(effects.written_out(without="simple")),
    "explode": leaf(effects.written_out(without=False)),
    "allowReserved": leaf(effects.written_out(without=False)),
    "allowEmptyValue": _ALLOWED,
    "deprecated": extended,
    "description": reworded,
    "example": reworded,
    "examples": reworded,
}

_PAGE_LIMIT: Final[Table] = {"default": fixed, "maximum": leaf(effects.at_most)}

_PARAMETER: Final[Table] = {
    **_HEADER,
    "name": leaf(effects.any_case),  # parameters are compared by name, so only the case of a header can differ
    "in": fixed,
    "style": fixed,  # the normal form has it, and `explode`
    "explode": fixed,
    "x-page-limit": part(lambda: _PAGE_LIMIT, "page-limit", added=Effect.TIGHTENED),  # read by the server
}

_REQUEST_BODY: Final[Table] = {
    "required": _DEMANDED,
    "content": _CONTENT,
    "x-max-body-bytes": leaf(effects.at_most),  # read by the server
    "x-max-json-values": leaf(effects.at_most),  # read by the server
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
    "headers": by_name(part(lambda: _HEADER, "header"), spelt=str.casefold),  # RFC 9110 §5.1
    "content": _CONTENT,
    "links": by_name(part(lambda: _LINK, "link")),
    "description": reworded,
}

_OPERATION: Final[Table] = {
    "operationId": fixed,
    "tags": fixed,  # generated clients have a class for each
    "security": leaf(effects.security),
    "x-required-scope": fixed,  # read by the server
    "parameters": by_name(part(lambda: _PARAMETER, "parameter", added=_if_demanded), spelt=lower_if_header),
    "requestBody": part(lambda: _REQUEST_BODY, "request-body", added=_if_demanded),
    "responses": by_name(part(lambda: _RESPONSE, "response", added=_by_status, direction=Direction.RESPONSE)),
    **MESSAGE_MEMBERS,
    "callbacks": fixed,
    "servers": fixed,
    "deprecated": extended,
    "summary": reworded,
    "description": reworded,
    "externalDocs": reworded,
}

_PATH: Final[Table] = {
    **{method: part(lambda: _OPERATION, "operation") for method in METHODS},
    "parameters": ignored,  # each operation has a copy (see `normal_form`)
    "servers": fixed,
    "summary": reworded,
    "description": reworded,
}

_COMPONENTS: Final[Table] = {
    "schemas": components(SCHEMA),
    "parameters": components(),
    "headers": components(),
    "requestBodies": components(),
    "responses": components(),
    "links": components(),
    "securitySchemes": components(SECURITY_SCHEME),
    "callbacks": fixed,
    "examples": examples,
}

_INFO: Final[Table] = {
    "version": ignored,  # all other changes are judged by it
    **dict.fromkeys(("title", "description", "termsOfService", "contact", "license"), reworded),
}

_RETRY: Final[Table] = {"minimum": leaf(effects.at_least(0)), "maximum": leaf(effects.at_most)}

_PROMISES: Final[Table] = {
    **{name: leaf(effects.strength(words)) for name, words in STRENGTHS.items()},
    "heartbeatSeconds": leaf(effects.at_most),
    "retryMilliseconds": part(lambda: _RETRY, "retry"),
}

_SERVER: Final[Table] = {"url": fixed, "variables": fixed, "description": reworded}

DOCUMENT: Final[Table] = {
    "info": part(lambda: _INFO, "info"),
    "servers": by_name(part(lambda: _SERVER, "server")),
    "security": ignored,  # each operation has its own (see `normal_form`)
    "paths": by_name(part(lambda: _PATH, "path", direction=Direction.REQUEST)),
    # After the paths: comparing them shows the direction in which a component travels.
    "components": part(lambda: _COMPONENTS, "components", direction=Direction.BOTH),
    PROMISES: part(
        lambda: _PROMISES, "promises", direction=Direction.RESPONSE
    ),  # a server may keep more than it promised
    "openapi": reworded,
    "tags": reworded,
    "externalDocs": reworded,
}
"""The rows for a document in its normal form."""

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
"""The tables, by OpenAPI's names of the objects."""
