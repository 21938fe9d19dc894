"""The bounds of what is remembered about requests; and that every request is authorized, also if the same one came before."""

from __future__ import annotations

import itertools
import tracemalloc
from functools import partial

import httpx
from connexion.middleware import ConnexionMiddleware
from connexion.resolver import Resolver
from starlette.requests import Request
from starlette.responses import Response

from app.access.errors import Unauthenticated
from app.access.principal import ANONYMOUS, Principal
from app.access.tokens.authentication import NoAuthentication
from app.specification.openapi.statements.operation_security import OperationSecurity
from app.transports.http.requests.parameters import ContractParameters
from app.transports.http.requests.remembered import MAX_ENTRIES, MAX_KEY_BYTES, Remembered
from app.transports.http.requests.routing import Routing
from app.transports.http.security import Security

ORDERS = {"name": "orderId", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}}
GUARDED = {
    "openapi": "3.0.3",
    "info": {"title": "Guarded", "version": "1.0.0"},
    "paths": {"/guarded": {"get": {"operationId": "read", "responses": {"200": {"description": ""}}}}},
}


class OneToken(NoAuthentication):
    """An authentication that accepts one token, and lists all that it was asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.judged: list[str | None] = []

    def authenticate(self, token: str | None) -> Principal:
        self.judged.append(token)
        if token != "right":  # noqa: S105  # of this test
            raise Unauthenticated
        return ANONYMOUS


def test_the_oldest_entry_makes_room() -> None:
    memory: Remembered[int, str] = Remembered()
    for number in range(MAX_ENTRIES + 1):
        memory.put(number, 1, str(number))
    assert len(memory) == MAX_ENTRIES
    assert (memory.get(0), memory.get(1), memory.get(MAX_ENTRIES)) == (None, "1", str(MAX_ENTRIES))


def test_a_long_request_is_not_remembered() -> None:
    memory: Remembered[bytes, int] = Remembered()
    for size in (MAX_KEY_BYTES, MAX_KEY_BYTES + 1):
        memory.put(bytes(size), size, size)
    assert memory.get(bytes(MAX_KEY_BYTES)) == MAX_KEY_BYTES
    assert len(memory) == 1


def test_the_largest_requests_that_are_remembered_take_little_memory() -> None:
    parameters = ContractParameters([ORDERS], str)
    tracemalloc.start()
    try:
        for number in range(2 * MAX_ENTRIES):
            orders = (f"{number:06}", *map("".join, itertools.product("abcdefgh", repeat=2)))
            query = f"orderId={','.join(orders)}"[:MAX_KEY_BYTES].encode()
            parameters.read(Request({"type": "http", "query_string": query, "headers": [], "path_params": {}}))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert MAX_ENTRIES * MAX_KEY_BYTES < taken < 6_000_000


async def test_every_request_is_authorized() -> None:
    authentication = OneToken()
    needed = OperationSecurity(accepts_cookie=False, may_authenticate_later=False, scope="orders:read", streams=False)
    security = partial(Security, operations={"read": needed}, authentication=authentication, origins=())
    application = ConnexionMiddleware(Response("read"), import_name=__name__, middlewares=[Routing, security])
    application.add_api(GUARDED, resolver=Resolver(lambda _: OneToken))
    tokens = ["right", "right", "wrong", "right", "wrong", None]
    accepted = [await _is_accepted(application, token) for token in tokens]
    assert accepted == [True, True, False, True, False, False]
    assert authentication.judged == tokens


async def _is_accepted(application: ConnexionMiddleware, token: str | None) -> bool:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://localhost") as client:
        try:
            return (await client.get("/guarded", headers=headers)).status_code == 200
        except Unauthenticated:
            return False
