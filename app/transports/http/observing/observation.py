"""The operations for operators (health and metrics) on a listener of their own, where they need no access token.

A firewall or a network of containers protects that listener. So the public one can demand tokens, or be behind a proxy that hides these
paths, while Prometheus needs no token.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from app.specification.openapi.structure import operation
from app.transports.http.operations.operations import Operations

_METHODS: Final = ("GET", "HEAD")


def create_observation(operations: Operations) -> ASGIApp:
    """Return an application with the operations for operators, under the paths of the contract.

    It raises HTTPException for every other request (404, 405), and what the operations raise.
    """
    handlers: Mapping[str, Callable[[], Awaitable[ASGIApp]]] = {
        operation(operations.document.bundled, name).path: handler
        for name, handler in {
            "getLiveness": operations.get_liveness,
            "getReadiness": operations.get_readiness,
            "getMetrics": operations.get_metrics,
        }.items()
    }

    async def observation(scope: Scope, receive: Receive, send: Send) -> None:
        handler = handlers.get(scope["path"])
        if handler is None:
            raise HTTPException(404)
        if scope["method"] not in _METHODS:
            raise HTTPException(405)
        response = await handler()
        await response(scope, receive, send)

    return observation


def by_port(application: ASGIApp, others: Mapping[int, ASGIApp]) -> ASGIApp:
    """Return an application that passes a request on by the port on which it arrived: to one of `others`, else to `application`.

    Without others it is the application itself.
    """
    if not others:
        return application

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = others.get(scope["server"][1], application)
        await chosen(scope, receive, send)

    return dispatch
