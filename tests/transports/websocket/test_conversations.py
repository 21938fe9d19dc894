"""Subscribing and publishing over WebSocket, as a client sees it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import (
    cancelled,
    eventually,
    head_id,
    metric,
    new_order,
    publish,
    read_page,
    read_stored,
    shipped,
)
from tests.transports.http.wire import PATIENCE_SECONDS
from tests.transports.websocket.conversations import Conversation, conversation

INVALID = "/problems/invalid-message"


@pytest.fixture
def talk(server: ServerProcess) -> Iterator[Conversation]:
    with conversation(server) as opened:
        yield opened


def problem_of(message: dict[str, object]) -> tuple[str, object]:
    problem = message["problem"]
    assert isinstance(problem, dict)
    return problem["type"], problem["status"]


def test_subscription_begins_where_the_log_ends(talk: Conversation, http: httpx.Client) -> None:
    order = new_order()
    publish(http, shipped(order))
    head = head_id(http)
    assert talk.ask("subscribe", subscription=1) == {"type": "checkpoint", "subscription": 1, "lastEventId": head}
    (id,) = publish(http, cancelled(order))
    message = talk.read()
    assert message == {
        "type": "events",
        "subscription": 1,
        "events": [
            {
                "id": id,
                "eventType": "order.cancelled",
                "schemaVersion": "1.1.0",
                "data": {"orderId": order, "when": "2024-05-01T10:00:00Z", "reason": "Paid twice"},
                "storedAt": read_page(http, lastEventId=head)["events"][0]["storedAt"],
            }
        ],
        "lastEventId": id,
    }


def test_events_are_those_of_the_event_stream(talk: Conversation, http: httpx.Client) -> None:
    order = new_order()
    start = head_id(http)
    publish(http, *(shipped(order) for _ in range(1000)))
    publish(http, *(cancelled(order, reason="ä😀\u2028") for _ in range(300)))
    talk.ask("subscribe", subscription=9, lastEventId=start, orderId=[order])
    events = talk.events(9, 1300)
    stream = read_stored(http, lastEventId=start, orderId=order)
    assert [each["id"] for each in events] == [
        frame.id for frame in stream if frame.event in ("order.shipped", "order.cancelled")
    ]


def test_subscriptions_have_filters_and_starts_of_their_own(talk: Conversation, http: httpx.Client) -> None:
    order = new_order()
    first, second = publish(http, shipped(order), cancelled(order))
    talk.ask("subscribe", subscription=1, orderId=[order], from_="earliest")
    assert [each["id"] for each in talk.events(1, 2)] == [first, second]
    talk.ask("subscribe", subscription=32, orderId=[order], lastEventId=first)
    assert [each["id"] for each in talk.events(32, 1)] == [second]
    talk.ask("subscribe", subscription=2, orderId=[order], eventTypes=["order.shipped"], since="1970-01-01T00:00:00Z")
    assert [each["id"] for each in talk.events(2, 1)] == [first]
    (third,) = publish(http, cancelled(order))
    got = {message["subscription"]: message["lastEventId"] for message in (talk.read(), talk.read())}
    assert got == {1: third, 32: third}


def test_unknown_position_is_a_gap(talk: Conversation) -> None:
    message = talk.ask("subscribe", subscription=1, lastEventId="nope")
    assert message["type"] == "gap"
    assert message["reason"] == "foreign"
    assert message["requested"] == "nope"
    assert message["earliest"] == message["lastEventId"]


def test_finite_subscriptions_close_and_their_numbers_are_free(talk: Conversation, http: httpx.Client) -> None:
    order = new_order()
    publish(http, *(shipped(order) for _ in range(3)))
    for _ in range(2):
        talk.ask("subscribe", subscription=5, orderId=[order], from_="earliest", limit=2)
        talk.events(5, 2)
        assert talk.read() == {"type": "closing", "subscription": 5, "reason": "limit"}
    talk.ask("subscribe", subscription=5, orderId=[order], from_="earliest", follow=False)
    talk.events(5, 3)
    last = talk.read()
    if last["type"] == "checkpoint":  # past events of other tests
        last = talk.read()
    assert last == {"type": "closing", "subscription": 5, "reason": "end"}
    assert talk.ask("subscribe", subscription=5, follow=False)["type"] == "checkpoint"
    assert talk.read() == {"type": "closing", "subscription": 5, "reason": "end"}


def test_unsubscribed_number_is_free_and_gets_no_more(talk: Conversation, http: httpx.Client) -> None:
    order = new_order()
    talk.ask("subscribe", subscription=1, orderId=[order])
    assert talk.ask("unsubscribe", subscription=1) == {"type": "unsubscribed", "subscription": 1}
    publish(http, shipped(order))
    assert talk.ask("ping", request=1) == {"type": "pong", "request": 1}
    assert talk.ask("unsubscribe", subscription=1) == {"type": "unsubscribed", "subscription": 1}
    assert talk.ask("subscribe", subscription=1)["type"] == "checkpoint"


def test_subscription_that_is_withdrawn_at_once_never_begins(talk: Conversation) -> None:
    talk.say("subscribe", subscription=1, since="1970-01-01T00:00:00Z")
    talk.say("unsubscribe", subscription=1)
    talk.say("ping")
    kinds = [talk.read()["type"]]
    while kinds[-1] != "pong":
        kinds.append(talk.read()["type"])
    assert kinds.index("unsubscribed") == len(kinds) - 2  # nothing of the subscription follows it


def test_number_in_use_is_refused_and_the_subscription_goes_on(talk: Conversation, http: httpx.Client) -> None:
    order = new_order()
    talk.ask("subscribe", subscription=1, orderId=[order])
    refused = talk.ask("subscribe", subscription=1)
    assert problem_of(refused) == ("/problems/subscription-in-use", 409)
    assert refused["subscription"] == 1
    publish(http, shipped(order))
    talk.events(1, 1)


def test_published_events_are_acknowledged_and_stored(talk: Conversation, http: httpx.Client) -> None:
    order = new_order()
    event = shipped(order, eventId=f"{order}-shipped")
    answer = talk.ask("publish", request=2**31 - 1, events=[event, cancelled(order)])
    assert answer["type"] == "published"
    assert answer["request"] == 2**31 - 1
    assert [each["duplicate"] for each in answer["events"]] == [False, False]
    stored = read_page(http, orderId=order, from_="earliest")["events"]
    assert [each["id"] for each in stored] == [each["id"] for each in answer["events"]]
    again = talk.ask("publish", request=1, events=[event])
    assert again["events"] == [{**answer["events"][0], "duplicate": True}]


def test_publications_are_stored_in_the_order_in_which_they_were_sent(talk: Conversation) -> None:
    order = new_order()
    sizes = (900, 1, 300, 1, 1, 700, 1)
    for request, size in enumerate(sizes, start=1):
        talk.say("publish", request=request, events=[shipped(order) for _ in range(size)])
    answers = [talk.read() for _ in sizes]
    assert [each["request"] for each in answers] == [*range(1, len(sizes) + 1)]
    offsets = [int(event["id"].rpartition("-")[2]) for each in answers for event in each["events"]]
    assert offsets == sorted(offsets)


def test_refused_publications_are_answered_as_a_post_is(talk: Conversation) -> None:
    order = new_order()
    wrong = talk.ask("publish", request=3, events=[shipped(order), shipped(1)])  # type: ignore[arg-type]
    assert problem_of(wrong) == ("/problems/contract-violation", 422)
    assert wrong["problem"]["violations"] == [{"index": 1, "pointer": "/data/orderId", "message": "must be a string"}]
    assert wrong["request"] == 3
    talk.ask("publish", request=4, events=[shipped(order, eventId=order)])
    conflict = talk.ask("publish", request=5, events=[cancelled(order, eventId=order)])
    assert problem_of(conflict) == ("/problems/event-id-conflict", 409)
    assert conflict["problem"]["eventId"] == order
    for count in (0, 1001):
        batch = talk.ask("publish", request=6, events=[shipped(order) for _ in range(count)])
        assert problem_of(batch) == ("/problems/contract-violation", 422)


def test_ping_is_answered_with_its_number_or_none(talk: Conversation) -> None:
    assert talk.ask("ping") == {"type": "pong"}
    assert talk.ask("ping", request=7) == {"type": "pong", "request": 7}
    assert talk.client.ping().wait(60)


@pytest.mark.parametrize("subscriptions", [0, 1, 3])
def test_silent_connection_is_sent_one_heartbeat_at_a_time(talk: Conversation, subscriptions: int) -> None:
    for number in range(1, subscriptions + 1):
        talk.ask("subscribe", subscription=number, orderId=[new_order()])
    arrived: list[float] = []
    while len(arrived) < 4:
        assert talk.client.recv(PATIENCE_SECONDS) == '{"type":"heartbeat"}'
        arrived.append(time.monotonic())
    apart = [later - earlier for earlier, later in itertools.pairwise(arrived)]
    assert min(apart) > 0.5  # the server has a heartbeat in each second


def test_skipped_events_are_passed_by_a_checkpoint(talk: Conversation, http: httpx.Client) -> None:
    talk.ask("subscribe", subscription=1, orderId=[new_order()])
    (id,) = publish(http, shipped(new_order()))
    assert talk.read() == {"type": "checkpoint", "subscription": 1, "lastEventId": id}


WRONG: dict[str, dict[str, Any]] = {
    "no subscription": {"type": "subscribe"},
    "number 0": {"type": "subscribe", "subscription": 0},
    "number 33": {"type": "subscribe", "subscription": 33},
    "number as text": {"type": "subscribe", "subscription": "1"},
    "number as boolean": {"type": "subscribe", "subscription": True},
    "unknown member": {"type": "subscribe", "subscription": 1, "wait": 5},
    "unknown event type": {"type": "subscribe", "subscription": 1, "eventTypes": ["order.lost"]},
    "control event type": {"type": "subscribe", "subscription": 1, "eventTypes": ["stream.gap"]},
    "no event type": {"type": "subscribe", "subscription": 1, "eventTypes": []},
    "event types as text": {"type": "subscribe", "subscription": 1, "eventTypes": "order.shipped"},
    "no order": {"type": "subscribe", "subscription": 1, "orderId": []},
    "101 orders": {"type": "subscribe", "subscription": 1, "orderId": [f"or_{n}" for n in range(101)]},
    "malformed id": {"type": "subscribe", "subscription": 1, "lastEventId": "a b"},
    "id with a newline": {"type": "subscribe", "subscription": 1, "lastEventId": "k7f3q2-1\n"},
    "empty id": {"type": "subscribe", "subscription": 1, "lastEventId": ""},
    "no time": {"type": "subscribe", "subscription": 1, "since": "yesterday"},
    "no instant": {"type": "subscribe", "subscription": 1, "since": "2024-05-01T10:00:60Z"},
    "unknown origin": {"type": "subscribe", "subscription": 1, "from": "middle"},
    "follow as text": {"type": "subscribe", "subscription": 1, "follow": "false"},
    "limit 0": {"type": "subscribe", "subscription": 1, "limit": 0},
    "limit too large": {"type": "subscribe", "subscription": 1, "limit": 1_000_001},
    "limit as fraction": {"type": "subscribe", "subscription": 1, "limit": 1.5},
    "major version 2": {"type": "subscribe", "subscription": 1, "majorVersion": 2},
    "null": {"type": "subscribe", "subscription": 1, "limit": None},
    "unsubscribe nothing": {"type": "unsubscribe"},
    "unsubscribe 0": {"type": "unsubscribe", "subscription": 0},
    "publish without request": {"type": "publish", "events": []},
    "publish request 0": {"type": "publish", "request": 0, "events": []},
    "publish request too large": {"type": "publish", "request": 2**31, "events": []},
    "publish nothing": {"type": "publish", "request": 1},
    "publish an object": {"type": "publish", "request": 1, "events": {}},
    "ping with text": {"type": "ping", "request": "1"},
    "ping with a member": {"type": "ping", "subscription": 1},
}


@pytest.mark.parametrize("name", WRONG)
def test_message_of_a_wrong_shape_is_refused_and_the_connection_stays(talk: Conversation, name: str) -> None:
    message = WRONG[name]
    refused = talk.ask(message["type"], **{key: value for key, value in message.items() if key != "type"})
    assert problem_of(refused) == (INVALID, 400)
    assert len(refused["problem"]["errors"]) == 1
    assert refused["problem"]["errors"][0]["in"] == "message"
    for number in ("subscription", "request"):
        is_valid = message.get(number) is not True and message.get(number) in (1, 2)
        assert (number in refused) == is_valid
    assert talk.ask("ping", request=1) == {"type": "pong", "request": 1}


@pytest.mark.parametrize(
    "text",
    ["", "ping", "[]", '"ping"', "1", "null", "{}", '{"type":1}', '{"type":"pong"}', '{"type":"constructor"}', '{"type":null}',
     '{"type":["ping"]}', '{"type":"ping"', '{"type":"ping"}{}', '{"type":"ping","type":"ping"}', '\ufeff{"type":"ping"}',
     '{"type":"ping","request":NaN}', '{"type":"ping","x":"\\ud800"}', "[" * 1000, '{"type":"ping","x":1e999}'],
)  # fmt: skip
def test_text_that_is_not_a_message_ends_the_connection(talk: Conversation, text: str) -> None:
    talk.client.send(text)
    assert talk.close_code() == 4400


def test_connections_and_subscriptions_are_counted(server: ServerProcess, http: httpx.Client) -> None:
    with conversation(server) as talk:
        talk.ask("subscribe", subscription=1)
        talk.ask("subscribe", subscription=2)
        assert eventually(lambda: metric(http, "orders_events_websockets") == 1)
        assert eventually(lambda: metric(http, "orders_events_streams") == 2)
        before = metric(http, "orders_events_websockets_closed_total", code="4400")
        talk.client.send("nonsense")
        assert talk.close_code() == 4400
        assert metric(http, "orders_events_websockets_closed_total", code="4400") == before + 1
    assert eventually(lambda: metric(http, "orders_events_websockets") == 0)
    assert metric(http, "orders_events_streams") == 0
