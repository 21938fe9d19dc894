"""The ASGI application: Connexion routes by the contract, our operations answer, our problems tell what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import connexion
import inflection
from connexion.middleware import MiddlewarePosition
from connexion.middleware.context import ContextMiddleware
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.request_validation import RequestValidationMiddleware
from connexion.middleware.routing import RoutingMiddleware
from connexion.middleware.security import SecurityMiddleware
from connexion.resolver import Resolver
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from app.events.errors import InvalidContract
from app.transports.http.document.openapi import operations as operations_of
from app.transports.http.operations import Operations
from app.transports.http.parameters import ContractParameters
from app.transports.http.problems import HANDLED, Problems


class _Routing(RoutingMiddleware):  # type: ignore[misc]  # Connexion ships no types
    """Connexion's routing, without Starlette's redirect of `/path/` to `/path`: the contract has no such path."""

    def add_api(self, *arguments: Any, **options: Any) -> None:
        super().add_api(*arguments, **options)
        for route in self.router.routes:
            route.app.redirect_slashes = False


# Connexion's stack without its Swagger UI (old, and it inlines the document), its handler of server errors (it fails itself, and
# ours catches all), its validation of responses (it never looks into a stream; the contract tests do), and its lifespan.
_MIDDLEWARES = (
    ExceptionMiddleware,
    _Routing,
    SecurityMiddleware,
    RequestValidationMiddleware,
    ContextMiddleware,
)


def create_application(operations: Operations, problems: Problems, cors_origins: Sequence[str] = ()) -> ASGIApp:
    """Put the application together. Raises InvalidContract where an operation has no handler."""
    for each in operations_of(operations.document.bundled):
        _handler(operations, each.content["operationId"])  # Connexion would look for it at the first request only
    app = connexion.AsyncApp("app", middlewares=list(_MIDDLEWARES))
    app.add_api(
        operations.document.bundled,
        resolver=Resolver(lambda operation_id: _handler(operations, operation_id)),
        strict_validation=True,
        pythonic_params=True,
        # Bodies are read by `body.read_json`: Connexion would validate them as Draft 4, slowly, and answer 400 or 500.
        validator_map={"parameter": ContractParameters, "body": {}},
    )
    for error in HANDLED:
        app.add_error_handler(error, problems.render)
    if cors_origins:
        app.add_middleware(
            CORSMiddleware,
            position=MiddlewarePosition.BEFORE_EXCEPTION,
            allow_origins=list(cors_origins),
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=["Accept", "Cache-Control", "Content-Type", "Last-Event-ID"],
            expose_headers=["Retry-After"],
        )
    return app  # type: ignore[no-any-return]  # Connexion ships no types


def _handler(operations: Operations, operation_id: str) -> object:
    handler = getattr(operations, inflection.underscore(operation_id), None)
    if handler is None:
        raise InvalidContract(f"The operation {operation_id!r} has no handler.")
    return handler
