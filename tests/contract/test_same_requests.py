"""A request that came before gets the same answer as the first time, byte for byte, whatever is remembered about it.

The server remembers what the contract says about requests: `app/transports/http/requests/remembered.py`.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from connexion.middleware.routing import RoutingMiddleware
from starlette.types import Receive, Scope, Send

from app.service import Service, open_service
from app.settings import Settings, StoreUrl
from app.transports.http.requests import remembered
from tests.contract.every_request import ORIGINS, STORED, Request, every_request
from tests.server.connections import connected
from tests.support.contract_copy import ROOT, ContractCopy
from tests.transports.http.orders import EVENTS

COUNTED = re.compile(rb"(?<= )[\d.e+-]+(?=\r?$)", re.MULTILINE)
"""Numbers of the metrics, which count these very requests, and of their length."""

LIMITED = Request("GET", f"{EVENTS}?from=earliest&limit=1001")


@asynccontextmanager
async def opened(contract: Path = ROOT, *origins: str) -> AsyncIterator[Service]:
    """Open a service with one stored event, whose answers have no random part."""
    settings = Settings(store=StoreUrl("memory"), contract=contract, cors_origins=origins, retry_ms=(3000, 3000))
    async with asyncio.timeout(300), open_service(settings) as service:
        assert await answer(service, Request("POST", EVENTS, body=STORED))
        yield service
        await service.drain()


async def answer(service: Service, request: Request) -> bytes:
    """Send a request on a connection of its own. Return the response; of a stream, its head and its first frame."""
    async with connected(service.application) as client:
        client.arrive(request.to_bytes())
        received = b""
        while data := await client.read():
            received += data
            head, _, body = received.partition(b"\r\n\r\n")
            if b"content-type: text/event-stream" in head and b"\n\n" in body:
                return head + body[: body.index(b"\n\n")]
        return COUNTED.sub(b"", received) if b"content-type: text/plain" in received else received


async def requests_of(service: Service) -> list[Request]:
    served = await answer(service, Request("GET", "/openapi.json"))
    return every_request(json.loads(served.partition(b"\r\n\r\n")[2]))


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be remembered."""
    monkeypatch.setattr(remembered, "MAX_KEY_BYTES", -1)


@pytest.fixture
def routed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the paths that Connexion itself routes."""
    paths: list[str] = []
    route = RoutingMiddleware.__call__

    async def recorded(middleware: RoutingMiddleware, scope: Scope, receive: Receive, send: Send) -> None:
        paths.append(scope["path"])
        await route(middleware, scope, receive, send)

    monkeypatch.setattr(RoutingMiddleware, "__call__", recorded)
    return paths


@pytest.mark.parametrize("origins", [(), ORIGINS[:1]], ids=["without CORS", "with CORS"])
async def test_every_request_gets_the_same_answer_again(
    monkeypatch: pytest.MonkeyPatch, routed: list[str], origins: tuple[str, ...]
) -> None:
    stopped = SimpleNamespace(time_ns=partial(int, time.time_ns()))  # the range of counts without an end ends now
    monkeypatch.setattr("app.events.log.count_events.time", stopped)
    async with opened(ROOT, *origins) as service:
        requests = await requests_of(service)
        with monkeypatch.context() as patch:
            forget(patch)
            first = {request: await answer(service, request) for request in requests}
        for request in random.Random(1).sample(requests, len(requests)):
            assert await answer(service, request) == first[request], request
        routed.clear()
        accepted = [request for request, answered in first.items() if answered.split()[1] in {b"200", b"201"}]
        for request in accepted:
            assert await answer(service, request) == first[request], request
    assert len(requests) > 1000
    assert len(accepted) > 300
    assert not routed


async def test_a_changed_contract_decides_anew(tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    copy.replace(r"^( +maximum: )1000000$", r"\g<1>1000")
    async with opened() as before, opened(copy.root) as after:
        for _ in range(2):
            assert b" 200 " in await answer(before, LIMITED)
            assert b" 400 " in await answer(after, LIMITED)


async def test_a_request_that_is_refused_is_examined_each_time(routed: list[str]) -> None:
    refused = [Request("GET", f"{EVENTS}/"), Request("PUT", EVENTS), Request("GET", "/event-types/order.lost/1.0.0")]
    async with opened() as service:
        routed.clear()
        for request in refused * 3:
            await answer(service, request)
    assert len(routed) == 3 * len(refused)
