"""The cookie of a session: the access token of a web page, for requests of a browser that cannot send other headers."""

from __future__ import annotations

import math
from typing import Final

from starlette.types import Scope

from app.access.errors import Forbidden
from app.access.tokens.authentication import EXPIRED_SECONDS
from app.transports.http.requests.parameters import header_values

COOKIE_NAME: Final = "__Host-orders_events_token"

_COOKIE_BYTES: Final = 4096  # name and value; browsers drop a longer cookie without a word (RFC 6265bis §5.5)
_ATTRIBUTES: Final = "Path=/; Secure; HttpOnly; SameSite=Strict"


def set_cookie(token: str, seconds: float) -> str:
    """Return the value of `Set-Cookie` that begins a session. Raises Forbidden if browsers would not store the token.

    `seconds`: until the token expires. The cookie outlasts it by the time in which the server still knows the token: an `EventSource`
    that reconnects then gets a stream that ends with `token_expired`. Without a cookie it would be refused, and never reconnect.
    """
    if len(COOKIE_NAME) + len(token) > _COOKIE_BYTES:
        raise Forbidden(f"The access token has {len(token)} characters, which are too many for a cookie.")
    return f"{COOKIE_NAME}={token}; Max-Age={math.ceil(seconds) + EXPIRED_SECONDS}; {_ATTRIBUTES}"


def clear_cookie() -> str:
    """Return the value of `Set-Cookie` that ends a session."""
    return f"{COOKIE_NAME}=; Max-Age=0; {_ATTRIBUTES}"


def cookie_tokens(scope: Scope) -> list[str]:
    """Return the values of all cookies with this name. Cookies with other names may have any form, and are ignored."""
    pairs = (each.strip(" \t").partition("=") for line in header_values(scope, b"cookie") for each in line.split(";"))
    return [value for name, _, value in pairs if name == COOKIE_NAME]
