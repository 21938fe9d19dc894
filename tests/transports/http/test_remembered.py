"""The bounds of what is remembered about requests; and that every request is authorized, also if the same one came before."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import httpx
from connexion.middleware import ConnexionMiddleware
from connexion.middleware.exceptions import ExceptionMiddleware
from connexion.middleware.security import SecurityMiddleware
from connexion.resolver import Resolver
from starlette.requests import Request
from starlette.responses import Response

from app.transports.http.parameters import ContractParameters
from app.transports.http.remembered import MAX_ENTRIES, MAX_KEY_BYTES, Remembered
from app.transports.http.routing import Routing

ORDERS = {"name": "orderId", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}}
GUARDED = {
    "openapi": "3.0.3",
    "info": {"title": "Guarded", "version": "1.0.0"},
    "paths": {
        "/guarded": {
            "get": {"operationId": "read", "security": [{"key": []}], "responses": {"200": {"description": ""}}}
        }
    },
    "components": {
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-Key", "x-apikeyInfoFunc": f"{__name__}.judge"}
        }
    },
}
judged: list[str] = []


def judge(key: str) -> dict[str, Any] | None:
    """Accept one key, as the security handler of an operation does."""
    judged.append(key)
    return {"sub": "reader"} if key == "right" else None


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
    application = ConnexionMiddleware(
        Response("read"), import_name=__name__, middlewares=[ExceptionMiddleware, Routing, SecurityMiddleware]
    )
    application.add_api(GUARDED, resolver=Resolver(lambda _: judge))
    keys = ["right", "right", "wrong", "right", "wrong"]
    judged.clear()
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answers = [await client.get("/guarded", headers={"X-Key": key}) for key in keys]
        unnamed = await client.get("/guarded")
    assert [answer.status_code for answer in answers] == [200, 200, 401, 200, 401]
    assert unnamed.status_code == 401
    assert judged == keys
