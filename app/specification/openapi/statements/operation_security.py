"""The security of the operations of the OpenAPI document: which of them need an access token, and with which scope.

OpenAPI 3.0.3 gives scopes to OAuth 2 schemes only, so an operation names its scope as `x-required-scope`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from app.specification.openapi.structure import Operation, operations
from app.specification.pointer import contract_error, lookup

HEADER: Final[dict[str, list[str]]] = {"bearer": []}
COOKIE: Final[dict[str, list[str]]] = {"cookie": []}
NO_TOKEN: Final[dict[str, list[str]]] = {}
SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "cookie": {"type": "apiKey", "in": "cookie"},
}
"""The security schemes that the server knows, with the members by which it recognises them."""

OPEN: Final = frozenset(
    {
        *("listEventTypes", "getEventSchema"),
        *(
            "getOpenApiJson",
            "getOpenApiYaml",
            "getOpenApi32Json",
            "getOpenApiClientsJson",
            "getAsyncApiJson",
            "getProto",
        ),
        *("getLiveness", "getReadiness"),
        *("deleteSession", "getProtectedResourceMetadata"),
    }
)
"""The operations that never need a token: they show the contract, whether the server works, and who issues tokens, or end a session.
A new one has to be named here."""

OPEN_UNTIL_A_MESSAGE: Final = frozenset({"openOrderEventsSocket"})
"""The operations that a client may begin without a token, because it can send one in a message."""


class OperationSecurity(NamedTuple):
    """What an operation demands of a request.

    `accepts_cookie`: whether the token may be in the cookie, and not only in the header `Authorization`.
    `may_authenticate_later`: whether the request may have no token. `scope`: the scope that the token must have; None if the operation
    decides that later. `streams`: whether the operation may answer with an event stream.
    """

    accepts_cookie: bool
    may_authenticate_later: bool
    scope: str | None
    streams: bool


def read_security(document: Mapping[str, Any]) -> dict[str, OperationSecurity]:
    """Return the operations that need a token, by operationId. Raises InvalidContract if the security of an operation is not safe."""
    needed = {each.content["operationId"]: _security(document, each) for each in operations(document)}
    return {operation_id: security for operation_id, security in needed.items() if security is not None}


def without_security(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document as a server without keys serves it: no operation claims a check that the server does not make."""
    paths = {path: {**item} for path, item in document["paths"].items()}
    for path, method, content in operations(document):
        paths[path][method] = {**content, "security": []}
    return {**document, "paths": paths}


def _security(document: Mapping[str, Any], operation: Operation) -> OperationSecurity | None:
    pointer, content = operation.pointer, operation.content
    name, demands, scope = content["operationId"], content["security"], content.get("x-required-scope")
    if demands == []:
        if name not in OPEN:
            raise contract_error((*pointer, "security"), f"the operation {name} must not be open to everybody")
        return None
    if any(each not in (HEADER, COOKIE, NO_TOKEN) for each in demands) or HEADER not in demands:
        raise contract_error((*pointer, "security"), "it must be a list of bearer: [], with or without cookie: []")
    for scheme in {scheme for each in demands for scheme in each}:
        _check_scheme(document, scheme)
    if COOKIE in demands and operation.method != "get":
        raise contract_error(
            (*pointer, "security"), "a browser sends the cookie by itself, so only a GET may accept it"
        )
    if NO_TOKEN in demands and name not in OPEN_UNTIL_A_MESSAGE:
        raise contract_error((*pointer, "security"), "it must not have {}, which makes the token optional")
    if (scope is None) != (NO_TOKEN in demands):
        raise contract_error(pointer, "the operation has no x-required-scope, or cannot check it yet")
    streams = "text/event-stream" in content["responses"].get("200", {}).get("content", {})
    return OperationSecurity(COOKIE in demands, NO_TOKEN in demands, scope, streams)


def _check_scheme(document: Mapping[str, Any], name: str) -> None:
    pointer = ("components", "securitySchemes", name)
    scheme = lookup(document, *pointer)
    for member, value in SCHEMES[name].items():
        if scheme.get(member) != value:
            raise contract_error(pointer, f"its {member} must be {value}")
