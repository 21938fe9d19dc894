"""The routing of requests to the operations of the contract: Connexion's, with a memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from connexion.middleware.abstract import ROUTING_CONTEXT
from connexion.middleware.routing import RoutingMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app.transports.http.requests.remembered import Remembered

_Target: TypeAlias = tuple[str, str, str]


class _Route(NamedTuple):
    """The result of routing a request: the parameters in the path, and Connexion's description of the operation."""

    path_params: Mapping[str, Any]
    context: Mapping[str, Any]


class Routing(RoutingMiddleware):  # type: ignore[misc]  # Connexion ships no types
    """A middleware that finds the operation of a request, and passes the request on to the next middleware.

    If no error is raised there, the route is remembered by the method and path of the request. The next middlewares, such as the
    one that authorizes requests, are called for every request. Starlette's redirect of `/path/` to `/path` is switched off, because
    the contract does not define `/path/`.

    `app`: the next middleware.
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(self._routed)
        self._next = app
        self._routes: Remembered[_Target, _Route] = Remembered()

    def add_api(self, *arguments: Any, **options: Any) -> None:
        super().add_api(*arguments, **options)
        for route in self.router.routes:
            route.app.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._routes.get(_target(scope)) if scope["type"] == "http" else None
        if route is None:
            await super().__call__(scope, receive, send)
            return
        scope["path_params"] = {**route.path_params}
        scope.setdefault("extensions", {})[ROUTING_CONTEXT] = {**route.context}
        await self._next(scope, receive, send)

    async def _routed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request after Connexion's routing. The next middleware raises an error if no operation was found."""
        await self._next(scope, receive, send)
        route = _Route({**scope["path_params"]}, {**scope["extensions"][ROUTING_CONTEXT]})
        self._routes.put(_target(scope), len(scope["path"]), route)


def _target(scope: Scope) -> _Target:
    return scope["method"], scope.get("root_path", ""), scope["path"]
