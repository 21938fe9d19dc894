"""The browser client over WebSocket, with a foreign server that sends and closes as it likes."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.client_server import Answer, client_server
from tests.browser.publishing import Publishing
from tests.browser.socket_server import Peer, socket_server
from tests.browser.subscribing import Subscribed
from tests.transports.http.orders import eventually, shipped

RETURNS = (1000, 1001, 1011, 1012, 1013, 3000, 4000, 4408, 4429, 4500)
STAYS_AWAY = (1002, 1003, 1007, 1009, 4400, 4401, 4403, 4409, 4499)


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with client_server(lambda _asked: Answer(404)) as url:
        yield url


@pytest.fixture
def tab(page: Page, origin: str) -> Page:
    page.goto(origin)
    return page


def over_websocket(page: Page, url: str, **options: object) -> Subscribed:
    return Subscribed(page, url=url, transport="websocket", shared=False, **options)


def returning(subscribed: Subscribed) -> None:
    """Wait until a subscription is about to return, and let it return at once."""
    subscribed.reaches("reconnecting")
    subscribed.page.evaluate("void dispatchEvent(new Event('online'))")


def checkpoint(subscription: int = 1, event_id: str = "a-1") -> dict[str, object]:
    return {"type": "checkpoint", "subscription": subscription, "lastEventId": event_id}


def events(*ids: str, subscription: int = 1, size: int = 0) -> dict[str, object]:
    data = {"orderId": "or_1", **({"note": "x" * size} if size else {})}
    made = [{"id": each, "eventType": "order.shipped", "schemaVersion": "1.0.0", "data": data} for each in ids]
    return {"type": "events", "subscription": subscription, "events": made, "lastEventId": ids[-1]}


def closing(reason: str = "end", subscription: int = 1) -> dict[str, object]:
    return {"type": "closing", "subscription": subscription, "reason": reason}


# Messages


def test_parameters_are_those_of_the_stream(tab: Page) -> None:
    asked: queue.Queue[dict[str, Any]] = queue.Queue()

    def talk(peer: Peer) -> None:
        asked.put({"path": peer.path, **peer.receive()})
        peer.send(closing())

    with socket_server(talk) as url:
        query = "?limit=3&follow=false&majorVersion=1&from=latest"
        over_websocket(
            tab,
            f"{url}{query}",
            eventTypes=["order.shipped", "a.b"],
            orderId=["or_1", "or_2"],
            since="2026-11-20T10:00:00Z",
        ).reaches("closed")
        over_websocket(tab, url, after="a-7", majorVersion=2, **{"from": "earliest"}).reaches("closed")
    assert asked.get() == {
        "path": "/events/orders/socket",
        "type": "subscribe",
        "subscription": 1,
        "eventTypes": ["order.shipped", "a.b"],
        "orderId": ["or_1", "or_2"],
        "since": "2026-11-20T10:00:00Z",
        "from": "latest",
        "limit": 3,
        "follow": False,
        "majorVersion": 1,
    }
    assert asked.get() == {
        "path": "/events/orders/socket",
        "type": "subscribe",
        "subscription": 1,
        "lastEventId": "a-7",
        "majorVersion": 2,
    }


def test_messages_become_the_calls_of_a_stream(tab: Page) -> None:
    raw = r'{"orderId":"or_\u00e9","when":"]}{[","weight":1.0,"data":{"data":[{"data":{}}]},"quote":"\"\\","n":12345678901234567890}'
    text = (
        '{"new":[{"data":{"no":1}}],"type":"events","subscription":1,"events":[{"data":'
        + raw
        + ',"id":"a-2","more":{"data":{}},'
        '"eventType":"order.shipped"}, {"id":"a-3","eventType":"order.new","data": {} }],"lastEventId":"a-4"}'
    )

    def talk(peer: Peer) -> None:
        peer.receive()
        peer.send(
            {
                "type": "gap",
                "subscription": 1,
                "lastEventId": "a-1",
                "reason": "expired",
                "requested": "b",
                "earliest": "a-1",
            },
            text,
            checkpoint(event_id="a-9"),
            closing("limit"),
        )

    with socket_server(talk) as url:
        subscribed = over_websocket(tab, url)
        subscribed.reaches("closed")
    assert subscribed.calls("gap") == [{"reason": "expired", "requested": "b", "earliest": "a-1", "id": "a-1"}]
    first, second = subscribed.calls("event")
    assert (first["id"], first["type"], first["rawData"]) == ("a-2", "order.shipped", raw)
    assert first["data"]["orderId"] == "or_é"
    assert second == {"id": "a-3", "type": "order.new", "data": {}, "rawData": "{}"}
    assert subscribed.calls("checkpoint") == [{"id": "a-9"}]
    assert subscribed.calls("closing") == [{"reason": "limit"}]
    assert subscribed.do("lastEventId") == "a-9"
    assert [(state["state"], state.get("reason")) for state in subscribed.calls("state")] == [
        ("connecting", None),
        ("open", None),
        ("closed", "limit"),
    ]


def test_id_moves_past_the_events_that_the_filter_skipped(tab: Page) -> None:
    def talk(peer: Peer) -> None:
        peer.receive()
        peer.send(checkpoint(), {**events("a-2"), "lastEventId": "a-50"}, {"type": "heartbeat"})
        peer.wait_for_end()

    with socket_server(talk) as url:
        subscribed = over_websocket(tab, url)
        assert eventually(lambda: subscribed.do("lastEventId") == "a-50")
        subscribed.do("close()")


def test_messages_that_are_not_understood_are_ignored(tab: Page) -> None:
    def talk(peer: Peer) -> None:
        peer.receive()
        peer.send(
            "", "null", "[]", "3", "{", '"text"', b"\x00\x01", {}, {"type": 7}, {"type": "weather", "subscription": 1}
        )
        peer.send({"type": "pong"}, {"type": "published", "request": 5, "events": []}, events("x-1", subscription=2))
        peer.send({"type": "error", "problem": {"status": 400}}, checkpoint(), closing(subscription=9))
        peer.send(
            {"type": "events", "subscription": 1, "events": [{"id": "a-2", "eventType": "order.new", "data": {"a": 1}}]}
        )
        peer.send(closing("end"))

    with socket_server(talk) as url:
        subscribed = over_websocket(tab, url)
        subscribed.reaches("closed")
    assert [(event["id"], event["data"]) for event in subscribed.calls("event")] == [("a-2", {"a": 1})]
    assert subscribed.calls("error") == []
    assert subscribed.states() == ["connecting", "open", "closed"]


def test_refused_subscription_is_an_error_and_is_tried_again(tab: Page) -> None:
    problem = {
        "type": "/problems/invalid-message",
        "status": 400,
        "detail": "1 member is wrong.",
        "errors": [{"in": "message", "name": "limit", "message": "must be at least 1"}],
    }
    answers = iter(({"type": "error", "subscription": 1, "problem": problem}, closing()))

    def talk(peer: Peer) -> None:
        peer.receive()
        peer.send(next(answers))
        peer.wait_for_end()

    with socket_server(talk) as url:
        subscribed = over_websocket(tab, f"{url}?limit=0")
        returning(subscribed)
        subscribed.reaches("closed")
    (error,) = subscribed.calls("error")
    assert error["message"] == "400: 1 member is wrong. limit must be at least 1."
    assert (error["status"], error["problem"]) == (400, problem)
    assert [state.get("reason") for state in subscribed.calls("state")] == [None, "refused", "end"]


# The end of a connection


@pytest.mark.parametrize("code", [*RETURNS, 1006])
def test_client_returns_with_its_last_id_after_a_close(tab: Page, code: int) -> None:
    returned: list[dict[str, Any]] = []

    def talk(peer: Peer) -> None:
        returned.append(peer.receive())
        if len(returned) > 1:
            peer.send(closing())
            return
        peer.send(checkpoint(), events("a-2", "a-3"))
        if code == 1006:
            peer.cut()
        else:
            peer.close(code)

    with socket_server(talk) as url:
        subscribed = over_websocket(tab, url)
        returning(subscribed)
        subscribed.reaches("closed")
    assert [asked.get("lastEventId") for asked in returned] == [None, "a-3"]
    (away,) = [state for state in subscribed.calls("state") if state["state"] == "reconnecting"]
    assert (away["reason"], away["attempt"]) == ("lost", 1)
    assert 2000 <= away["retryInMs"] <= 5000
    assert subscribed.calls("error") == []


@pytest.mark.parametrize("code", STAYS_AWAY)
def test_client_stays_away_after_a_close_that_means_the_same_would_happen_again(tab: Page, code: int) -> None:
    def talk(peer: Peer) -> None:
        peer.receive()
        peer.send(checkpoint(), events("a-2"))
        peer.close(code, "because")

    with socket_server(talk) as url:
        subscribed = over_websocket(tab, url)
        subscribed.reaches("closed")
    assert subscribed.calls("state")[-1]["reason"] == "refused"
    assert [error["message"] for error in subscribed.calls("error")] == [
        f"The server closed the WebSocket with {code}: because."
    ]
    assert subscribed.ids() == ["a-2"]


def test_attempts_back_off_until_a_good_message(tab: Page) -> None:
    seen = threading.Event()

    def talk(peer: Peer) -> None:
        peer.receive()
        if seen.is_set():
            peer.send(closing())

    with socket_server(talk) as url:
        subscribed = over_websocket(tab, url)
        for attempt in range(1, 5):
            subscribed.attempts(attempt)
            if attempt == 4:
                seen.set()
            tab.evaluate("void dispatchEvent(new Event('online'))")
        subscribed.reaches("closed")
    # A wait may be over before the page hears of the network: then `online` begins another attempt, without a wait.
    waits = [state["retryInMs"] for state in subscribed.calls("state") if state.get("reason") == "lost"]
    assert len(waits) >= 4
    assert 2000 <= waits[0] <= 5000
    assert all(
        0 <= wait <= 5_000 + 30_000 for wait in waits
    )  # what the server asked for, and the jitter of the backoff
    assert len(set(waits)) == len(waits)


def test_silent_connection_is_given_up_and_one_with_heartbeats_is_not(tab: Page) -> None:
    stop = threading.Event()
    returned: list[str | None] = []

    def talk(peer: Peer) -> None:
        returned.append(peer.receive().get("lastEventId"))
        peer.send(checkpoint(event_id=f"a-{len(returned)}"))
        if len(returned) == 1:
            stop.wait()
        else:
            while not stop.wait(0.2):
                peer.send({"type": "heartbeat"})

    with socket_server(talk) as url:
        subscribed = over_websocket(tab, url, heartbeatSeconds=1)
        returning(subscribed)
        assert eventually(lambda: subscribed.do("lastEventId") == "a-2")
        tab.wait_for_timeout(4000)  # longer than the silence that ended the first one
        assert returned == [None, "a-1"]
        subscribed.do("close()")
        stop.set()
    assert [state.get("reason") for state in subscribed.calls("state")] == [None, None, "silent", None, "requested"]


# A shared connection, and slow handlers


def test_subscriptions_of_a_page_have_one_connection_and_end_one_by_one(tab: Page) -> None:
    connections: queue.Queue[list[Any]] = queue.Queue()

    def talk(peer: Peer) -> None:
        received: list[Any] = []
        connections.put(received)
        for _ in range(3):
            asked = peer.receive()
            received.append(asked["subscription"])
            event_id = asked["orderId"][0].replace("or_", "a-")
            peer.send(checkpoint(asked["subscription"]), events(event_id, subscription=asked["subscription"]))
        received += peer.wait_for_end()

    with socket_server(talk) as url:
        subscribed = [over_websocket(tab, url, orderId=f"or_{number}") for number in range(3)]
        for number, each in enumerate(subscribed):
            each.through(f"a-{number}")
            assert each.ids() == [f"a-{number}"]
        for each in subscribed:
            each.do("close()")
        received = connections.get()
        assert eventually(lambda: len(received) == 6)
        assert connections.empty()
    assert received[:3] == [1, 2, 3]
    assert {message["subscription"] for message in received[3:]} == {1, 2, 3}


def test_more_subscriptions_than_a_connection_takes_have_another_one(tab: Page) -> None:
    numbers: queue.Queue[tuple[int, int]] = queue.Queue()

    def talk(peer: Peer) -> None:
        for message in iter(peer.receive, {}):
            if message["type"] == "subscribe":
                numbers.put((id(peer), message["subscription"]))
                peer.send(checkpoint(message["subscription"]))

    with socket_server(talk) as url:
        subscribed = [over_websocket(tab, url) for _ in range(34)]
        for each in subscribed:
            each.reaches("open")
        for each in subscribed:
            each.do("close()")
    asked = [numbers.get() for _ in range(34)]
    assert sorted(number for _, number in asked) == sorted([*range(1, 33), 1, 2])
    assert len({peer for peer, _ in asked}) == 2


def test_page_that_is_slow_keeps_little_in_memory_and_gets_everything_in_order(tab: Page) -> None:
    sent = 0
    asked: list[str | None] = []
    many = 40  # of 500 KB each

    def talk(peer: Peer) -> None:
        nonlocal sent
        message = peer.receive()
        asked.append(message.get("lastEventId"))
        first = int(message.get("lastEventId", "a-0")[2:]) + 1
        peer.send(checkpoint(event_id=f"a-{first - 1}"))
        for number in range(first, many + 1):
            peer.send(events(f"a-{number}", size=500_000))
            sent += 1
        peer.send(closing())

    with socket_server(talk) as url:
        subscribed = over_websocket(tab, url)
        subscribed.hold()
        assert eventually(lambda: sent >= 8)  # 4 MB
        tab.wait_for_timeout(500)
        assert subscribed.count() == 0
        subscribed.release()
        subscribed.reaches("closed")
    assert subscribed.ids() == [f"a-{number}" for number in range(1, many + 1)]
    assert asked[0] is None
    assert len(asked) > 1
    assert subscribed.states() == ["connecting", "open", "closed"]


def test_subscription_of_a_slow_page_ends_at_once_and_the_connection_stays(tab: Page) -> None:
    told: queue.Queue[str] = queue.Queue()

    def talk(peer: Peer) -> None:
        asked = [peer.receive() for _ in range(2)]
        slow = next(each["subscription"] for each in asked if each["orderId"] == ["or_slow"])
        peer.send(*(checkpoint(each["subscription"]) for each in asked))
        peer.send(*(events(f"a-{number}", subscription=slow, size=500_000) for number in range(2, 12)))
        told.put(peer.receive()["type"])
        peer.send({"type": "unsubscribed", "subscription": slow}, checkpoint(3 - slow, "a-12"))
        again = peer.receive()
        told.put(again["lastEventId"])
        peer.send(closing(subscription=again["subscription"]), closing(subscription=3 - slow))

    with socket_server(talk) as url:
        quick, slow = (over_websocket(tab, url, orderId=order) for order in ("or_quick", "or_slow"))
        slow.hold()
        assert told.get(timeout=30) == "unsubscribe"
        quick.passes("a-12")
        assert slow.count() == 0
        slow.release()
        last = told.get(timeout=30)
        for each in (quick, slow):
            each.reaches("closed")
    assert slow.ids()[-1] == last != "a-11"


# Publishing


def test_batches_are_published_over_a_connection_of_their_own(tab: Page) -> None:
    received: list[Any] = []

    def talk(peer: Peer) -> None:
        for message in iter(peer.receive, {}):
            received.append(message)
            request = {"request": message["request"]}
            if len(received) == 1:
                peer.cut()
                return
            if len(received) == 2:
                peer.send({"type": "heartbeat"}, {"type": "published", "request": 99, "events": []})
                stored = [{"id": "a-1", "eventId": event["eventId"], "duplicate": True} for event in message["events"]]
                peer.send({"type": "published", **request, "events": stored})
            elif len(received) == 3:
                peer.send({"type": "error", **request, "problem": {"status": 503, "detail": "later"}})
            elif len(received) == 4:
                peer.send(
                    {
                        "type": "error",
                        **request,
                        "problem": {"status": 422, "detail": "no", "violations": [{"index": 0}]},
                    }
                )
            else:
                peer.close(1009, "too large")

    with socket_server(talk) as url:
        publishing = Publishing(tab, url=url, transport="websocket")
        publishing.publish(shipped("or_1", eventId="e1"), [shipped("or_2"), shipped("or_3")], shipped("or_4"))
        stored, refused, too_large = publishing.results()
        publishing.close()
    assert stored["published"] == {"id": "a-1", "eventId": "e1", "duplicate": True}
    assert (refused["error"]["status"], refused["error"]["problem"]["violations"]) == (422, [{"index": 0}])
    assert too_large["error"]["message"] == "The server closed the WebSocket with 1009: too large."
    orders = [[event["data"]["orderId"] for event in message["events"]] for message in received]
    assert orders == [["or_1"], ["or_1"], ["or_2", "or_3"], ["or_2", "or_3"], ["or_4"]]
    assert json.dumps(received[0]["events"]) == json.dumps(received[1]["events"])
