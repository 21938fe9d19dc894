"""What a message of a WebSocket server means to the client, and which connections it makes again, without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.client.errors import OrdersError, RequestRefused, UnexpectedAnswer
from app.client.protocol.frame import Frame
from app.client.protocol.retries import TransientError
from app.client.protocol.stream_options import StreamOptions, StreamRequest, stream_query
from app.client.protocol.websocket_messages import (
    closed,
    frames_of,
    publish_answer,
    publish_message,
    received,
    subscribe_message,
)


def event(number: int) -> dict[str, Any]:
    data = {"orderId": f"o{number}"}
    return {"id": f"e-{number}", "eventType": "order.shipped", "schemaVersion": "1.0.0", "data": data}


def shipped(number: int) -> Frame:
    return Frame("order.shipped", f"e-{number}", {"orderId": f"o{number}"})


@pytest.mark.parametrize(
    ("options", "last_id", "remaining", "members"),
    [
        ({}, None, None, {}),
        (
            {"event_types": ["a", "b"], "order_ids": "o", "from_": "earliest", "follow": False, "major_version": 2},
            None,
            3,
            {
                "eventTypes": ["a", "b"],
                "orderId": ["o"],
                "from": "earliest",
                "follow": False,
                "limit": 3,
                "majorVersion": 2,
            },
        ),
        ({"since": "2024-05-01T10:00:00Z"}, None, None, {"since": "2024-05-01T10:00:00Z"}),
        ({"since": "2024-05-01T10:00:00Z"}, "e-1", 1, {"lastEventId": "e-1", "limit": 1}),
    ],
)
def test_subscription_has_the_parameters_of_the_stream(
    options: StreamOptions, last_id: str | None, remaining: int | None, members: dict[str, Any]
) -> None:
    message = subscribe_message(stream_query(options).request(last_id, remaining))
    assert json.loads(message) == {"type": "subscribe", "subscription": 1, **members}


def test_checkpoint_opens_with_a_wait_that_spreads_clients() -> None:
    message = {"type": "checkpoint", "subscription": 1, "lastEventId": "e-1"}
    frames = [frame for _ in range(200) for frame in frames_of(message)]
    assert {frame[:2] for frame in frames} == {("stream.checkpoint", "e-1")}
    waits = {frame.retry_ms for frame in frames}
    assert len(waits) > 100
    assert all(wait is not None and 2000 <= wait <= 5000 for wait in waits)


def test_gap_is_the_gap_of_a_stream() -> None:
    gap = {"reason": "expired", "requested": "e-1", "earliest": "e-7"}
    (frame,) = frames_of({"type": "gap", "subscription": 1, "lastEventId": "e-7", **gap})
    assert (frame.event, frame.id) == ("stream.gap", "e-7")
    assert frame.data is not None
    assert gap.items() <= frame.data.items()


def test_events_are_followed_by_a_checkpoint_only_if_the_filter_skipped_some() -> None:
    message = {"type": "events", "subscription": 1, "events": [event(1), event(2)], "lastEventId": "e-2"}
    assert [*frames_of(message)] == [shipped(1), shipped(2)]
    skipped = {**message, "lastEventId": "e-5"}
    assert [*frames_of(skipped)] == [shipped(1), shipped(2), Frame("stream.checkpoint", "e-5", {})]


@pytest.mark.parametrize("message", [{"type": "heartbeat"}, {"type": "pong"}, {"type": "news"}, {}, {"type": ["x"]}])
def test_heartbeats_and_messages_of_newer_servers_bring_nothing(message: dict[str, Any]) -> None:
    assert [*frames_of(message)] == []


@pytest.mark.parametrize(
    ("status", "kind"), [(400, RequestRefused), (404, RequestRefused), (503, TransientError), (429, TransientError)]
)
def test_error_is_the_refusal_that_http_would_give(status: int, kind: type[Exception]) -> None:
    problem = {"type": "/problems/x", "title": "X", "status": status, "detail": "No such thing."}
    with pytest.raises(kind, match="No such thing"):
        [*frames_of({"type": "error", "subscription": 1, "problem": problem})]


@pytest.mark.parametrize("problem", [None, [], {}, {"status": "x"}, "no"])
def test_error_without_a_status_is_tried_again(problem: object) -> None:
    with pytest.raises(TransientError):
        [*frames_of({"type": "error", "problem": problem})]


@pytest.mark.parametrize("text", ["", "[]", "5", "{", b"\xff", "[" * 100_000])
def test_message_that_is_not_an_object_is_an_error(text: str | bytes) -> None:
    with pytest.raises(UnexpectedAnswer, match="not a JSON object"):
        received(text)


def test_answer_of_another_request_is_passed_over() -> None:
    assert json.loads(publish_message(3, b'[{"eventId":"a"}]')) == {
        "type": "publish",
        "request": 3,
        "events": [{"eventId": "a"}],
    }
    assert publish_answer({"type": "published", "request": 2, "events": []}, 3) is None
    assert publish_answer({"type": "pong", "request": 3}, 3) is None
    answer = publish_answer({"type": "published", "request": 3, "events": [1]}, 3)
    assert answer is not None
    assert (answer.status_code, answer.body) == (201, b'{"events": [1]}')
    refused = publish_answer({"type": "error", "request": 3, "problem": {"status": 409, "detail": "D."}}, 3)
    assert refused is not None
    assert refused.status_code == 409


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *((code, TransientError) for code in (1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014, 4408, 4429)),
        *((code, UnexpectedAnswer) for code in (1002, 1003, 1007, 1008, 1009, 4400, 4403, 4499)),
        (4401, RequestRefused),
    ],
)
def test_client_comes_back_unless_the_same_would_happen_again(
    code: int, kind: type[TransientError | OrdersError]
) -> None:
    error = closed("http://h", code, "Why.")
    assert isinstance(error, kind)
    assert str(error) == f"http://h closed the connection with {code} (Why.)."


def test_request_over_http_has_the_last_id_in_a_header() -> None:
    assert StreamRequest((), "e-1").headers["Last-Event-ID"] == "e-1"
    assert "Last-Event-ID" not in StreamRequest((), None).headers
