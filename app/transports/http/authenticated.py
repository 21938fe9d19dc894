"""The sender of a request, as the security of its operation has found it."""

from __future__ import annotations

from typing import Final

from starlette.types import Scope

from app.access.principal import ANONYMOUS, Principal

PRINCIPAL: Final = "principal"
"""The name in the ASGI scope of a request: a Principal, or the error that `principal_of` is to raise."""


def principal_of(scope: Scope) -> Principal:
    """Return the sender of a request: `ANONYMOUS` if the server has no keys.

    Raises TokenExpired if the operation may answer with an event stream, and the token expired a short time ago: an event stream is
    then told `token_expired`, and for a page the error is a 401 as for every other operation. Raises Unauthenticated if the
    operation lets a client authenticate later, and the request has no token.
    """
    principal: Principal | Exception = scope.get(PRINCIPAL, ANONYMOUS)
    if isinstance(principal, Exception):
        raise principal
    return principal
