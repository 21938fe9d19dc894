"""The security of requests: each request to an operation that needs an access token is authenticated and authorized here, once.

The contract says which operation needs a token (`security`, `securitySchemes`, `x-required-scope`). Connexion's own security is not
used, because it decides about each scheme alone: if one fails it tries the next, so a bad token in the header beside a good cookie is
accepted; with `{}`, a bad token makes a request anonymous. It also loses a cookie that follows one in an unusual form, fails on another,
and lets environment variables replace its handlers. Here, the whole request leads to one decision.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from connexion.middleware.abstract import ROUTING_CONTEXT
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.client import Client
from app.access.errors import Forbidden, TokenExpired, Unauthenticated
from app.access.principal import ANONYMOUS, PUBLISH, Principal
from app.access.tokens.authentication import Authentication
from app.access.tokens.authorization_header import read_authorization
from app.specification.openapi.statements.operation_security import OperationSecurity
from app.transports.http.requests.parameters import header_values
from app.transports.http.sessions.same_origin import is_foreign
from app.transports.http.sessions.session_cookie import cookie_tokens

# In the extensions of the ASGI scope, which Connexion shares with its copies of the scope: a Principal, or the error that `principal_of` raises.
PRINCIPAL: Final = "orders_events.principal"


class Credentials(NamedTuple):
    """The access token of a request. It is None if there is none, and "" if it is given in a way that is not accepted."""

    token: str | None
    is_cookie: bool = False


class Security:
    """A middleware that refuses a request without the token that its operation needs, and passes every other one on.

    `app`: the next middleware. `operations`: the security of the operations that need a token, by operationId.
    `authentication`: decides about tokens. `origins`: the server's own origins behind a proxy.
    """

    def __init__(
        self,
        app: ASGIApp,
        operations: Mapping[str, OperationSecurity],
        authentication: Authentication,
        origins: Collection[str],
    ) -> None:
        self._next = app
        self._operations = operations
        self._authentication = authentication
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        security = self._operations.get(scope["extensions"][ROUTING_CONTEXT].get("operation_id"))
        if security is not None:
            scope.setdefault("extensions", {})[PRINCIPAL] = self._authorized(scope, security)
        await self._next(scope, receive, send)

    def _authorized(self, scope: Scope, security: OperationSecurity) -> Principal | Unauthenticated:
        """Return the sender of a request, or the error that `principal_of` is to raise. Raises Unauthenticated or Forbidden."""
        credentials = _credentials(scope, accepts_cookie=security.accepts_cookie)
        if credentials.is_cookie and is_foreign(scope, self._origins):
            raise Forbidden("A page of another origin cannot read with the cookie of a session.")
        try:
            principal = self._authentication.authenticate(credentials.token)
        except TokenExpired as expired:
            if security.streams:
                return expired
            raise
        except Unauthenticated as missing:
            if security.may_authenticate_later and credentials.token is None:
                return missing
            raise
        if credentials.is_cookie:
            # Browsers send cookies by themselves, also for pages of an attacker. So a cookie never publishes, not over WebSocket either.
            principal = replace(principal, scopes=principal.scopes - {PUBLISH})
        if security.scope is not None:
            principal.require(security.scope)
        return principal


def principal_of(scope: Scope) -> Principal:
    """Return the sender of a request: `ANONYMOUS` if the server has no keys.

    Raises TokenExpired if the operation may answer with an event stream, and the token expired a short time ago; on an event stream
    that is a `stream.closing`, for a page it is a 401 as everywhere. Raises Unauthenticated if the request has no token because the
    client may authenticate later.
    """
    principal: Principal | Unauthenticated = scope.get("extensions", {}).get(PRINCIPAL, ANONYMOUS)
    if isinstance(principal, Unauthenticated):
        raise principal
    return principal


def client_of(scope: Scope) -> Client:
    """Return the sender of a request, with its address. Raises what `principal_of` raises."""
    return Client(principal_of(scope), address_of(scope))


def address_of(scope: Scope) -> str | None:
    """Return the IP address of the sender of a request; None if it is not known, or is that of a trusted proxy."""
    peer = scope.get("client")
    return peer[0] if peer else None


def bearer_token(scope: Scope) -> str:
    """Return the access token in the header of a request that was authorized by it."""
    return _credentials(scope, accepts_cookie=False).token or ""


def _credentials(scope: Scope, *, accepts_cookie: bool) -> Credentials:
    """Find the token of a request. If there is a header `Authorization`, the cookie is not looked at."""
    authorization = header_values(scope, b"authorization")
    if authorization:
        return Credentials(read_authorization(authorization))
    tokens = cookie_tokens(scope) if accepts_cookie else []
    if not tokens:
        return Credentials(None)
    return Credentials(tokens[0] if len(tokens) == 1 else "", is_cookie=True)
