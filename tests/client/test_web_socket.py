"""Both clients over WebSocket: they take the same decisions as over an event stream, and come back when that makes sense."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from app.client import Gap, OrdersClient, RequestRefused, Unavailable, UnexpectedAnswer
from tests.client.kinds import Kind
from tests.client.scripted_socket import Answer, ScriptedSocket, Talk
from tests.support.ports import url_without_server

pytestmark = pytest.mark.usefixtures("quick_reconnections")

NO_SUCH = json.dumps({"type": "/problems/x", "title": "X", "status": 400, "detail": "No such thing."}).encode()
CHECKPOINT = {"type": "checkpoint", "subscription": 1, "lastEventId": "e-0"}
END = {"type": "closing", "subscription": 1, "reason": "end"}


def events(*numbers: int, last: int | None = None) -> dict[str, Any]:
    shown = [
        {"id": f"e-{each}", "eventType": "order.shipped", "schemaVersion": "1.0.0", "data": {"orderId": "o"}}
        for each in numbers
    ]
    newest = numbers[-1] if last is None else last
    return {"type": "events", "subscription": 1, "events": shown, "lastEventId": f"e-{newest}"}


def test_stream_continues_after_its_last_id_however_connections_end(client: Kind) -> None:
    talks = [
        Talk([CHECKPOINT, events(1, 2)], 1012),
        Talk([CHECKPOINT], 1011),
        Talk([{"type": "checkpoint", "subscription": 1, "lastEventId": "e-2"}, events(2, 3, last=7)], 1000),
        Talk([{**CHECKPOINT, "lastEventId": "e-7"}, {"type": "news"}, {"type": "heartbeat"}, events(8), END]),
    ]
    with ScriptedSocket(talks[0], Answer(503, NO_SUCH), *talks[1:]) as server:
        values = client.read(server.url, from_="earliest", order_ids=["o"], transport="websocket")
    assert [value.id for value in values] == ["e-1", "e-2", "e-3", "e-8"]
    opening = {"type": "subscribe", "subscription": 1, "orderId": ["o"]}
    assert [talk.asked for talk in talks] == [
        [{**opening, "from": "earliest"}],
        [{**opening, "lastEventId": "e-2"}],
        [{**opening, "lastEventId": "e-0"}],
        [{**opening, "lastEventId": "e-7"}],
    ]
    assert {request.path for request in server.requests} == {"/events/orders/socket"}
    assert all(request.headers["User-Agent"].startswith("orders-events/") for request in server.requests)


def test_limit_ends_in_the_middle_of_a_message(client: Kind) -> None:
    with ScriptedSocket(Talk([CHECKPOINT, events(1, 2, 3)])) as server:
        values = client.read(server.url, limit=2, transport="websocket")
    assert [value.id for value in values] == ["e-1", "e-2"]


def test_gap_is_delivered(client: Kind) -> None:
    gap = {"type": "gap", "subscription": 1, "lastEventId": "e-4", "reason": "expired", "requested": "e-1"}
    with ScriptedSocket(Talk([{**gap, "earliest": "e-4"}, events(5), END])) as server:
        values = client.read(server.url, after="e-1", transport="websocket")
    assert values[0] == Gap("e-4", "expired", "e-1", "e-4")
    assert values[1].id == "e-5"


@pytest.mark.parametrize("status", [400, 403, 404, 426])
def test_refusal_of_the_upgrade_is_raised_with_its_problem(client: Kind, status: int) -> None:
    with ScriptedSocket(Answer(status, NO_SUCH)) as server:
        with pytest.raises(RequestRefused, match="No such thing") as refused:
            client.read(server.url, transport="websocket")
        assert refused.value.status == status


def test_refusal_of_the_subscription_is_raised_with_its_problem(client: Kind) -> None:
    error = {"type": "error", "subscription": 1, "problem": json.loads(NO_SUCH)}
    with ScriptedSocket(Talk([error])) as server, pytest.raises(RequestRefused, match="No such thing"):
        client.read(server.url, transport="websocket")


@pytest.mark.parametrize("code", [1003, 1007, 1009, 4400])
def test_close_that_would_come_again_is_raised(client: Kind, code: int) -> None:
    with (
        ScriptedSocket(Talk([CHECKPOINT], code)) as server,
        pytest.raises(UnexpectedAnswer, match=f"closed the connection with {code}"),
    ):
        client.read(server.url, transport="websocket")


def test_server_of_another_subprotocol_is_not_read(client: Kind) -> None:
    with (
        ScriptedSocket(Talk([]), subprotocol=None) as server,
        pytest.raises(UnexpectedAnswer, match=r"does not speak orders-events\.v1\.json"),
    ):
        client.read(server.url, transport="websocket")


def test_web_page_in_place_of_the_upgrade_is_not_read(client: Kind) -> None:
    with (
        ScriptedSocket(Answer(200, b"<html>", "text/html")) as server,
        pytest.raises(UnexpectedAnswer, match="does not speak WebSocket here: it answered 200"),
    ):
        client.read(server.url, transport="websocket")


def test_server_that_cannot_be_reached_is_given_up(client: Kind) -> None:
    url = url_without_server()
    with pytest.raises(Unavailable, match=f"^No answer from {url} \\(ConnectionRefusedError: "):
        client.read(url, retry_max_seconds=0, transport="websocket")


def test_events_are_published_again_until_the_answer_comes(client: Kind) -> None:
    stored = {"id": "e-1", "eventType": "order.shipped", "schemaVersion": "1.0.0", "eventId": "a", "duplicate": True}
    published = {"type": "published", "request": 2, "events": [stored]}
    talks = [Talk([], 1011), Talk([{"type": "heartbeat"}, published])]
    with ScriptedSocket(*talks) as server:
        (event,) = client.publish(server.url, [{"eventType": "order.shipped", "eventId": "a"}], transport="websocket")
    assert (event.id, event.event_id, event.duplicate) == ("e-1", "a", True)
    assert talks[0].asked[0]["events"] == talks[1].asked[0]["events"]


def test_headers_and_cookies_of_the_http_client_are_sent() -> None:
    http = httpx.Client(headers={"Authorization": "Bearer t"}, cookies={"a": "b"}, trust_env=False)
    with (
        ScriptedSocket(Talk([CHECKPOINT, END])) as server,
        http,
        OrdersClient(server.url, http=http, transport="websocket") as orders,
    ):
        assert list(orders.stream()) == []
    assert server.requests[0].headers["Authorization"] == "Bearer t"
    assert server.requests[0].headers["Cookie"] == "a=b"


def test_unknown_transport_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="'carrier pigeon' is not a transport; it must be one of 'sse', 'websocket'"):
        OrdersClient("http://127.0.0.1:8000", transport="carrier pigeon")  # type: ignore[arg-type]
