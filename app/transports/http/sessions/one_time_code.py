"""One-time codes: a page that was opened by a link with a code signs in with the code in place of an access token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from app.transports.http.requests.parameters import header_values

_PATH: Final = "/session"
_SCHEME: Final = "Bearer "


def accept_codes(application: ASGIApp, redeem: Callable[[str], str | None]) -> ASGIApp:
    """Return the application for which a code, as the token of `POST /session`, stands for the token that it is exchanged for.

    `redeem`: returns the token for a code, or None if the code is not accepted.
    """

    async def with_codes(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == _PATH:
            scope = _exchanged(scope, redeem)
        await application(scope, receive, send)

    return with_codes


def _exchanged(scope: Scope, redeem: Callable[[str], str | None]) -> Scope:
    sent = header_values(scope, b"authorization")
    token = redeem(sent[0].removeprefix(_SCHEME)) if len(sent) == 1 else None
    if token is None:
        return scope
    others = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
    return {**scope, "headers": [*others, (b"authorization", f"{_SCHEME}{token}".encode())]}
