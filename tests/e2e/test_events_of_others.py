"""A token that is restricted to owners reads and publishes the events of these owners only, on every transport."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.support.tokens import token, token_settings
from tests.transports.grpc.foreign import GrpcClient, events_of
from tests.transports.http.orders import EVENTS, PAGE, WHEN, new_order, publish
from tests.transports.websocket.conversations import conversation

MINE, OTHER = "me_1", "me_2"
OWNED: dict[str, Any] = {"orders_events": {"owners": [MINE]}}
EARLIEST: dict[str, Any] = {"from": "earliest"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder: Path = tmp_path_factory.mktemp("server")
    store = f"sqlite:{folder / 'log.db'}"
    with ServerProcess("--store", store, "--grpc-port", "0", *token_settings(folder)) as running:
        yield running


def client_of(server: ServerProcess, **claims: Any) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token(**claims)}"}, timeout=60)


@pytest.fixture(scope="module")
def anyone(server: ServerProcess) -> Iterator[httpx.Client]:
    with client_of(server) as http:
        yield http


@pytest.fixture(scope="module")
def seller(server: ServerProcess) -> Iterator[httpx.Client]:
    with client_of(server, **OWNED) as http:
        yield http


def shipped(owner: str | None, **members: Any) -> dict[str, Any]:
    owned = {} if owner is None else {"merchantId": owner}
    return {"eventType": "order.shipped", "data": {"orderId": new_order(), "when": WHEN, **owned}, **members}


def over_stream(server: ServerProcess) -> list[str | None]:
    with client_of(server, **OWNED) as http:
        text = http.get(EVENTS, params={"from": "earliest", "follow": "false"}).text
    blocks = [dict(line.partition(": ")[::2] for line in block.split("\n")) for block in text.split("\n\n")]
    return [json.loads(each["data"]).get("merchantId") for each in blocks if each.get("event") == "order.shipped"]


def over_pages(server: ServerProcess) -> list[str | None]:
    with client_of(server, **OWNED) as http:
        page = http.get(EVENTS, params={"from": "earliest", "limit": "1000"}, headers=PAGE).json()
    return [each["data"].get("merchantId") for each in page["events"]]


def over_websocket(server: ServerProcess) -> list[str | None]:
    with conversation(server, additional_headers={"Authorization": f"Bearer {token(**OWNED)}"}) as talk:
        talk.say("subscribe", subscription=1, follow=False, **EARLIEST)
        messages = [talk.read()]
        while messages[-1]["type"] != "closing":
            messages.append(talk.read())
    return [each["data"].get("merchantId") for message in messages for each in message.get("events", ())]


def over_grpc(server: ServerProcess) -> list[str | None]:
    metadata = (("authorization", f"Bearer {token(**OWNED)}"),)
    with GrpcClient(server.grpc_address, metadata=metadata) as client:
        events = [*events_of(client.subscribe(follow=False, **EARLIEST))]
    return [each.order_shipped_v1.merchant_id for each in events]


@pytest.mark.parametrize("read", [over_stream, over_pages, over_websocket, over_grpc])
def test_a_restricted_reader_gets_the_events_of_its_owners(
    server: ServerProcess, anyone: httpx.Client, read: Callable[[ServerProcess], list[str | None]]
) -> None:
    before = read(server)
    publish(anyone, shipped(MINE), shipped(OTHER), shipped(None), shipped(MINE))
    found = read(server)
    assert len(found) == len(before) + 2
    assert set(found) == {MINE}


def test_a_live_reader_is_sent_the_events_of_its_owners(server: ServerProcess, anyone: httpx.Client) -> None:
    with conversation(server, additional_headers={"Authorization": f"Bearer {token(**OWNED)}"}) as talk:
        assert talk.ask("subscribe", subscription=1)["type"] == "checkpoint"
        publish(anyone, shipped(OTHER))
        mine = shipped(MINE)
        publish(anyone, shipped(None), mine)
        [event] = talk.events(1, 1)
        assert event["data"] == mine["data"]


@pytest.mark.parametrize("owner", [OTHER, None])
def test_an_event_of_another_owner_or_of_none_is_refused_with_its_index(
    server: ServerProcess, anyone: httpx.Client, seller: httpx.Client, owner: str | None
) -> None:
    events = [shipped(MINE), shipped(owner)]
    end = anyone.get(EVENTS, headers=PAGE).json()["lastEventId"]
    answer = seller.post(EVENTS, json=events)
    assert (answer.status_code, answer.json()["type"], answer.json()["index"]) == (403, "/problems/forbidden", 1)
    authorization = f"Bearer {token(**OWNED)}"
    with conversation(server, additional_headers={"Authorization": authorization}) as talk:
        problem = talk.ask("publish", request=1, events=events)["problem"]
        assert (problem["status"], problem["index"]) == (403, 1)
    with GrpcClient(server.grpc_address, metadata=(("authorization", authorization),)) as client:
        with pytest.raises(grpc.RpcError) as refused:
            client.publish(*({"order_shipped_v1": _fields(each)} for each in events))
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert anyone.get(EVENTS, headers=PAGE).json()["lastEventId"] == end, "nothing was stored"


def test_a_version_without_an_owner_is_not_for_restricted_publishers(seller: httpx.Client) -> None:
    assert seller.post(EVENTS, json=shipped(None, schemaVersion="1.1.0")).status_code == 403
    assert seller.post(EVENTS, json=shipped(MINE, schemaVersion="1.1.0")).status_code == 422


def test_an_event_id_of_another_owner_is_neither_a_duplicate_nor_a_conflict(
    anyone: httpx.Client, seller: httpx.Client
) -> None:
    event_id = new_order()
    publish(anyone, shipped(OTHER, eventId=event_id), shipped(None, eventId=event_id))
    mine = shipped(MINE, eventId=event_id)
    for duplicate in (False, True):
        [published] = seller.post(EVENTS, json=mine).json()["events"]
        assert published["duplicate"] is duplicate
    conflict = seller.post(EVENTS, json=shipped(MINE, eventId=event_id))
    assert (conflict.status_code, conflict.json()["eventId"]) == (409, event_id)


@pytest.mark.parametrize("headers", [{}, PAGE], ids=["stream", "page"])
@pytest.mark.parametrize("named", [{"eventTypes": "order.cancelled"}, {"orderId": "or_2"}], ids=["type", "order"])
def test_a_named_type_or_order_that_the_token_does_not_allow_is_refused(
    server: ServerProcess, headers: dict[str, str], named: dict[str, str]
) -> None:
    permitted = {"eventTypes": ["order.shipped"], "orderIds": ["or_1"]}
    with client_of(server, orders_events=permitted) as http:
        allowed = http.get(EVENTS, params={"orderId": "or_1", "eventTypes": "order.shipped"}, headers=PAGE)
        assert allowed.status_code == 200
        refused = http.get(EVENTS, params=named, headers=headers)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")


def _fields(event: dict[str, Any]) -> dict[str, str]:
    data = event["data"]
    owned = {"merchant_id": data["merchantId"]} if "merchantId" in data else {}
    return {"order_id": data["orderId"], "when": data["when"], **owned}
