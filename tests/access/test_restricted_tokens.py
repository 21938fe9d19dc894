"""The ids that a restricted token is sent are the same over all transports, and good on each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from httpx_sse import connect_sse

pytest.importorskip("grpc_reflection")

from tests.support.server_process import QUICK, ServerProcess
from tests.support.tokens import token, token_settings
from tests.transports.grpc.foreign import GrpcClient
from tests.transports.http.orders import cancelled, shipped
from tests.transports.websocket.conversations import conversation

OWN = "order.shipped"
EARLIEST = {"from": "earliest"}


def bearer(**claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(**claims)}"}


RESTRICTED = bearer(orders_events={"eventTypes": [OWN]})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    keys = token_settings(tmp_path_factory.mktemp("keys"))
    with ServerProcess("--store", "memory:", "--grpc-port", "0", *QUICK, *keys) as running:
        yield running


@pytest.fixture(scope="module")
def published(server: ServerProcess) -> list[str]:
    """The ids of two events, as the restricted publisher was sent them; others were published before, between and behind them."""
    ids: list[str] = []
    for events, headers in (
        ([cancelled()], bearer()),
        ([shipped()], RESTRICTED),
        ([cancelled(), cancelled()], bearer()),
        ([shipped()], RESTRICTED),
        ([cancelled()], bearer()),
    ):
        answer = httpx.post(server.events_url, json=events, headers=headers, timeout=60).raise_for_status().json()
        ids += [each["id"] for each in answer["events"] if each["eventType"] == OWN]
    return ids


def page(server: ServerProcess, headers: dict[str, str], /, **parameters: str) -> httpx.Response:
    return httpx.get(
        server.events_url, params=parameters, headers={"Accept": "application/json", **headers}, timeout=60
    )


def frames(server: ServerProcess, **parameters: str) -> list[tuple[str, str]]:
    """Return the id and the name of each frame of a stream that does not follow."""
    client = httpx.Client(timeout=60)
    with client, connect_sse(client, "GET", server.events_url, params=parameters, headers={**RESTRICTED}) as stream:
        assert stream.response.status_code == 200
        return [(frame.id, frame.event) for frame in stream.iter_sse()]


def over_websocket(server: ServerProcess, **parameters: str) -> list[str]:
    with conversation(server, additional_headers=RESTRICTED) as talk:
        talk.say("subscribe", subscription=1, follow=False, **parameters)
        ids: list[str] = []
        while (message := talk.read())["type"] != "closing":
            ids += [event["id"] for event in message.get("events", ())]
        return ids


def over_grpc(server: ServerProcess, **parameters: Any) -> list[str]:
    metadata = [("authorization", RESTRICTED["Authorization"])]
    with GrpcClient(server.grpc_address, metadata=metadata) as client:
        answers = list(client.subscribe(follow=False, **parameters))
    assert answers[-2].WhichOneof("item") == "checkpoint"
    return [event.id for answer in answers for event in answer.events.events]


def test_an_event_has_one_opaque_id_over_every_transport(server: ServerProcess, published: list[str]) -> None:
    first, second = published
    assert [len(id) for id in published] == [22, 22]
    assert [event["id"] for event in page(server, RESTRICTED, **EARLIEST).json()["events"]] == published
    assert [id for id, name in frames(server, follow="false", **EARLIEST) if name == OWN] == published
    assert over_websocket(server, **EARLIEST) == published
    assert over_grpc(server, **EARLIEST) == published
    assert over_websocket(server, lastEventId=first) == [second]
    assert over_grpc(server, last_event_id=first) == [second]


def test_a_place_has_another_id_each_time_and_all_of_them_are_good(server: ServerProcess, published: list[str]) -> None:
    places = [page(server, RESTRICTED).json()["lastEventId"] for _ in range(3)]
    assert len({*places, *published}) == 5
    for place in places:
        assert page(server, RESTRICTED, lastEventId=place).json()["events"] == []


def test_a_stream_that_has_nothing_to_send_begins_and_ends(server: ServerProcess, published: list[str]) -> None:
    names = [name for _, name in frames(server, follow="false", lastEventId=published[-1])]
    assert names == ["stream.checkpoint", "stream.checkpoint", "stream.closing"]


def test_every_heartbeat_is_a_checkpoint(server: ServerProcess, published: list[str]) -> None:
    parameters = {"lastEventId": published[-1]}
    with httpx.stream("GET", server.events_url, params=parameters, headers=RESTRICTED, timeout=60) as stream:
        lines = stream.iter_lines()
        begin = [next(lines) for _ in range(2)]
        assert (begin[0].partition(" ")[0], begin[1]) == ("retry:", ": orders-events")
        sent = [[next(lines) for _ in range(4)] for _ in range(3)]
    assert [block[1:] for block in sent] == [["event: stream.checkpoint", "data: {}", ""]] * 3
    assert len({block[0] for block in sent}) == 3


def test_a_position_is_foreign_to_a_restricted_token(server: ServerProcess, published: list[str]) -> None:
    plain = page(server, bearer(), **EARLIEST).json()["events"][1]["id"]
    answer = page(server, RESTRICTED, lastEventId=plain)
    assert (answer.status_code, answer.json()["reason"], len(answer.json()["earliest"])) == (410, "foreign", 22)
    assert frames(server, follow="false", lastEventId=plain)[0][1] == "stream.gap"
    assert over_websocket(server, lastEventId=plain) == over_grpc(server, last_event_id=plain) == published


def test_an_unrestricted_token_goes_on_after_both_kinds_of_ids(server: ServerProcess, published: list[str]) -> None:
    events = page(server, bearer(), **EARLIEST).json()["events"]
    for last in (published[0], events[1]["id"]):
        assert page(server, bearer(), lastEventId=last).json()["events"] == events[2:]
