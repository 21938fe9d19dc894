"""The ASGI application: Connexion routes by the contract, operations answer, problems describe errors."""

from __future__ import annotations

from typing import Any

import inflection
from connexion.middleware import ConnexionMiddleware
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.routing import RoutingMiddleware
from connexion.middleware.security import SecurityMiddleware
from connexion.resolver import Resolver
from starlette.types import ASGIApp

from app.specification.errors import InvalidContract
from app.specification.openapi.structure import operations as operations_of
from app.transports.http.operations import Operations
from app.transports.http.problem_responses import HANDLED, Problems
from app.transports.http.routed import RoutedOperations, not_found


class _Routing(RoutingMiddleware):  # type: ignore[misc]  # Connexion ships no types
    """Connexion's routing, without Starlette's redirect of `/path/` to `/path`: the contract has no such path."""

    def add_api(self, *arguments: Any, **options: Any) -> None:
        super().add_api(*arguments, **options)
        for route in self.router.routes:
            route.app.redirect_slashes = False


# Connexion's stack without its Swagger UI (old, and it inlines the document), its handler of server errors (it fails itself, and
# ours catches everything), its validation of requests (see `parameters.py` and `body.py`), its validation of responses (it never looks
# into a stream; the contract tests do), and its lifespan.
_MIDDLEWARES = (ExceptionMiddleware, _Routing, SecurityMiddleware, RoutedOperations)


def create_application(operations: Operations, problems: Problems) -> ASGIApp:
    """Put the application together. Raises InvalidContract if an operation has no handler."""
    for each in operations_of(operations.document.bundled):
        _handler(operations, each.content["operationId"])  # Connexion would not look for it before the first request
    app = ConnexionMiddleware(not_found, import_name="app", middlewares=list(_MIDDLEWARES))
    app.add_api(
        operations.document.bundled,
        resolver=Resolver(lambda operation_id: _handler(operations, operation_id)),
    )
    for error in HANDLED:
        app.add_error_handler(error, problems.render)
    return app  # type: ignore[no-any-return]  # Connexion ships no types


def _handler(operations: Operations, operation_id: str) -> object:
    handler = getattr(operations, inflection.underscore(operation_id), None)
    if handler is None:
        raise InvalidContract(f"The operation {operation_id!r} has no handler.")
    return handler
