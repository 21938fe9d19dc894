"""The ASGI application: Connexion routes each request by the OpenAPI contract to an operation; errors become problem documents."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial, wraps
from time import perf_counter
from typing import Any, ClassVar, TypeAlias

import inflection
from connexion.decorators.parameter import pythonic
from connexion.middleware import ConnexionMiddleware
from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
from connexion.middleware.main import API
from connexion.operations import AbstractOperation
from connexion.resolver import Resolver
from connexion.spec import OpenAPISpecification
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.tokens.authentication import Authentication
from app.events.histogram import Histogram
from app.metrics.tally import Tally
from app.specification.errors import InvalidContract
from app.specification.openapi.statements.operation_security import OperationSecurity
from app.specification.openapi.structure import operations as operations_of
from app.transports.http.operations.operations import Operations
from app.transports.http.problem_responses import Problems
from app.transports.http.requests.parameters import ContractParameters
from app.transports.http.requests.routing import Routing
from app.transports.http.security import Security

_Handler: TypeAlias = Callable[..., Awaitable[ASGIApp]]


def create_application(
    operations: Operations,
    problems: Problems,
    authentication: Authentication,
    security: Mapping[str, OperationSecurity],
    tally: Tally,
) -> ASGIApp:
    """Create the application. Raises InvalidContract if an operation of the contract has no method in `operations`.

    `security`: by operationId, what an operation demands of a request; empty if no request needs an access token. `tally`: counts how
    long each operation takes.
    """
    for each in operations_of(operations.document.bundled):
        # Check at the start: Connexion would look for the handler only at the first request.
        _handler(operations, each.content["operationId"])
    app = ConnexionMiddleware(
        _not_found, import_name="app", middlewares=_middlewares(authentication, security, operations.socket_origins)
    )
    api = API(  # as `add_api` would make it, which takes no specification that is loaded already
        _CheckedSpecification(operations.document.bundled),
        base_path="",  # a path in the public URL is removed by the proxy that has it
        resolver=Resolver(lambda name: _timed(_handler(operations, name), tally.request_seconds[name])),
    )
    app.apis.append(api)
    return with_problems(app, problems)


def with_problems(application: ASGIApp, problems: Problems) -> ASGIApp:
    """Return an application that answers each request like the given one, and each error of the given one with a problem document.

    If an error is raised after a response has begun, the server refuses the beginning of another one, logs both errors, and closes
    the connection.
    """

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await application(scope, receive, send)
        except Exception as error:  # noqa: BLE001  # any error: it is logged, and the client gets a problem document
            response = problems.render(Request(scope), error)
            await response(scope, receive, send)

    return answered


def _handler(operations: Operations, operation_id: str) -> _Handler:
    handler: _Handler | None = getattr(operations, inflection.underscore(operation_id), None)
    if handler is None:
        raise InvalidContract(f"The operation {operation_id!r} has no handler.")
    return handler


def _timed(handler: _Handler, seconds: Histogram) -> _Handler:
    @wraps(handler)
    async def timed(**arguments: Any) -> ASGIApp:
        began = perf_counter()
        response = await handler(**arguments)
        seconds.observe(perf_counter() - began)
        return response

    return timed


class _CheckedSpecification(OpenAPISpecification):  # type: ignore[misc]  # Connexion ships no types
    """An OpenAPI document as Connexion's middlewares read it.

    `load_document` has checked the document: to validate it again would take a sixth of the time in which a service is opened.
    """

    @classmethod
    def _validate_spec(cls, spec: Mapping[str, Any]) -> None:
        pass


class _Operation:
    """One operation of the contract as an ASGI application: it reads the parameters, calls the handler, and sends the response."""

    def __init__(self, parameters: ContractParameters, handler: _Handler) -> None:
        self._parameters = parameters
        self._handler = handler
        self._takes_request = "request" in inspect.signature(handler).parameters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        arguments: dict[str, Any] = {**self._parameters.read(request)}
        if self._takes_request:
            arguments["request"] = request
        try:
            response = await self._handler(**arguments)
        except ClientDisconnect:
            return  # while the request body was read: not a fault, and no response can be sent any more
        await response(scope, receive, send)


class _Operations(RoutedAPI):  # type: ignore[misc]  # Connexion ships no types
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> _Operation:
        return _Operation(ContractParameters(operation.parameters, pythonic), operation.function)


class _RoutedOperations(RoutedMiddleware):  # type: ignore[misc]  # Connexion ships no types
    """The innermost middleware: it calls the operation to which a request was routed.

    It replaces Connexion's own middleware, which for every request inspects the handler's signature and converts the name of each
    parameter to Python.
    """

    api_cls: ClassVar[type] = _Operations


async def _not_found(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Handle a request for a path that the contract does not define. Raises HTTPException 404, as Connexion's routing expects."""
    raise HTTPException(404)


def _middlewares(
    authentication: Authentication, security: Mapping[str, OperationSecurity], origins: Collection[str]
) -> list[Callable[[ASGIApp], object]]:
    """Return the middlewares, from the outermost to the innermost.

    These parts of Connexion's default stack are left out:

    - its Swagger UI, which is old, and serves the document without references;
    - its handlers of errors: one fails itself, the other starts a thread for each error; `problem_responses.py` handles all errors;
    - its security: see `security.py`; without keys there is none;
    - its validation of requests: see `parameters.py` and `json_bodies.py`;
    - its validation of responses, which skips streams; the contract tests check all responses;
    - its lifespan.
    """
    if not security:
        return [Routing, _RoutedOperations]
    secured = partial(Security, operations=security, authentication=authentication, origins=origins)
    return [Routing, secured, _RoutedOperations]
