"""Events whose type or version this server's contract does not have: another server with a newer contract has stored them, or this
one had a newer contract before. Readers that did not filter them away are sent them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from app.events.event import Event
from app.stores.sqlite.store import SqliteStore
from tests.stores.opened import opening
from tests.support.server_process import ServerProcess
from tests.support.servers import sqlite, start_server
from tests.support.subscribers import ANSWER_SECONDS
from tests.transports.grpc.foreign import GrpcClient
from tests.transports.http.orders import EVENTS, PAGE

TYPES = ("order.shipped", "order.teleported", "order.shipped", "order.cancelled")
VERSIONS = ("1.0.0", "1.0.0", "1.99.0", "1.0.0")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder: Path = tmp_path_factory.mktemp("server")

    async def store() -> None:
        async with opening(SqliteStore(folder / "log.db")) as log:
            for number, (event_type, version) in enumerate(zip(TYPES, VERSIONS, strict=True)):
                data = {"orderId": f"or_{number}", "when": "2024-05-01T10:00:00Z", "beam": number}
                await log.append(Event(event_type, version, f"e{number}", f"or_{number}", json.dumps(data)))

    asyncio.run(store())
    with start_server(sqlite(folder), "--grpc-port", "0") as running:
        yield running


def over_stream(server: ServerProcess, types: list[str]) -> list[str]:
    parameters = {"from": "earliest", "follow": "false", "eventTypes": types}
    text = httpx.get(f"{server.url}{EVENTS}", params=parameters, timeout=ANSWER_SECONDS, trust_env=False).text
    return [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: order.")]


def over_pages(server: ServerProcess, types: list[str]) -> list[str]:
    parameters = {"from": "earliest", "eventTypes": types}
    answer = httpx.get(
        f"{server.url}{EVENTS}", params=parameters, headers=PAGE, timeout=ANSWER_SECONDS, trust_env=False
    )
    return [each["eventType"] for each in answer.json()["events"]]


def over_socket(server: ServerProcess, types: list[str]) -> list[str]:
    url = f"ws://127.0.0.1:{server.port}{EVENTS}/socket"
    request = {"type": "subscribe", "subscription": 1, "from": "earliest", "follow": False}
    received: list[str] = []
    with connect(url, subprotocols=[Subprotocol("orders-events.v1.json")], proxy=None) as client:
        client.send(json.dumps({**request, "eventTypes": types} if types else request))
        while (message := json.loads(client.recv(ANSWER_SECONDS)))["type"] != "closing":
            received += [each["eventType"] for each in message.get("events", ())]
    return received


def over_grpc(server: ServerProcess, types: list[str]) -> list[str]:
    earliest: dict[str, Any] = {"from": "earliest"}
    with GrpcClient(server.grpc_address) as client:
        responses = client.subscribe(event_types=types, follow=False, **earliest)
        events = [each for response in responses for each in response.events.events]
    without_data = [each.event_type for each in events if each.WhichOneof("data") is None]
    assert without_data == ([] if types else ["order.teleported"])  # there is no message for data of this type
    return [each.event_type for each in events]


@pytest.mark.parametrize("read", [over_stream, over_pages, over_socket, over_grpc])
def test_events_that_the_contract_does_not_have_are_passed_on(
    server: ServerProcess, read: Callable[[ServerProcess, list[str]], list[str]]
) -> None:
    assert read(server, []) == [*TYPES]
    assert read(server, ["order.shipped"]) == ["order.shipped", "order.shipped"]
