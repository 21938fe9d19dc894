"""Requests that come through trusted proxies, which report the address of the client."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.forwarded import TrustedProxies
from app.transports.http.requests.parameters import header_values


def behind_proxies(application: ASGIApp, proxies: TrustedProxies) -> ASGIApp:
    """Return the application with the address of the client, and not that of a trusted proxy, as the `client` of each request.

    The client is None if its address is not known.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        peer = scope.get("client")
        address = proxies.client_address(
            peer[0] if peer else None,
            header_values(scope, b"x-forwarded-for"),
            header_values(scope, b"forwarded"),
        )
        await application({**scope, "client": (address, 0) if address else None}, receive, send)

    return answer
