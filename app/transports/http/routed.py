"""The innermost of Connexion's middlewares: it calls the method of the operation that a request was routed to.

It stands in place of Connexion's own, whose decorators inspect the method, and convert each parameter's name to Python, for every
request.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from connexion.decorators.parameter import pythonic
from connexion.middleware.abstract import RoutedAPI, RoutedMiddleware
from connexion.operations import AbstractOperation
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.transports.http.parameters import ContractParameters

_Handler = Callable[..., Awaitable[Response]]


class Operation:
    """One operation of the contract: its parameters, and the method that answers."""

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
            return  # in the middle of its body: not a fault, and nothing can be answered any more
        await response(scope, receive, send)


class _Operations(RoutedAPI):  # type: ignore[misc]  # Connexion ships no types
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> Operation:
        return Operation(ContractParameters(operation.parameters, pythonic), operation.function)


class RoutedOperations(RoutedMiddleware):  # type: ignore[misc]  # Connexion ships no types
    """The middleware that calls the operation of a request."""

    api_cls: ClassVar[type] = _Operations


async def not_found(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Answer a request for a path that the contract does not have: raise a 404, as Connexion's routing expects."""
    raise HTTPException(404)
