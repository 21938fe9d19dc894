"""The contract of the WebSocket operation, as the server reads it from the document."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from app.specification.contracts import load_contracts
from app.specification.document import load_document
from app.specification.errors import InvalidContract
from app.specification.openapi.bundle import inline
from app.specification.openapi.statements.socket_contract import SOCKET, read_socket_contract
from app.specification.openapi.structure import operation
from tests.compatibility.released_contract import Edit, add, drop, put

ROOT = Path(__file__).parents[2]
DOCUMENT = load_document(ROOT, load_contracts(ROOT / "contracts"))
INLINED = inline(DOCUMENT.bundled)
CONTRACT = DOCUMENT.socket
OPERATION = ("paths", CONTRACT.path, "get")
MESSAGES = (*OPERATION, "x-messages")
LIMITS = (*OPERATION, "x-message-limits")
SCHEMAS = ("components", "schemas")
PAIR: dict[str, Any] = {"eventType": "order.lost", "data": 1}


def schema(name: str) -> dict[str, Any]:
    return dict(INLINED["components"]["schemas"][name])


def test_messages_are_found_by_their_type() -> None:
    assert list(CONTRACT.receives) == ["subscribe", "unsubscribe", "publish", "ping", "authenticate"]
    assert list(CONTRACT.sends) == [
        *("checkpoint", "gap", "events", "deprecation"),
        *("closing", "unsubscribed", "published", "pong", "error", "heartbeat"),
    ]


def test_examples_are_accepted_as_they_are_sent() -> None:
    for messages in (CONTRACT.receives, CONTRACT.sends):
        for name, message in messages.items():
            example: Any = message.source["example"]
            assert example["type"] == name
            assert message.violations(example, 1) == ([], 0)
            assert message.violations({**example, "unknown": 1}, 1)[1] == 1


def test_parameters_of_the_stream_are_the_very_same_in_subscribe() -> None:
    parameters = {
        each["name"]: each["schema"] for each in operation(INLINED, "streamOrderEvents").content["parameters"]
    }
    subscribe = schema("SubscribeMessage")["properties"]
    assert subscribe.keys() - {"type", "subscription"} == parameters.keys() - {"Last-Event-ID", "wait"}
    for name in subscribe.keys() - {"type", "subscription"}:
        assert subscribe[name] is parameters[name], name


def test_published_events_are_left_to_their_own_contracts() -> None:
    publish: dict[str, Any] = {"type": "publish", "request": 1}
    listed: list[Any] = [[], [1], [PAIR]]
    for events in listed:
        assert CONTRACT.receives["publish"].accepts({**publish, "events": events})
    assert not CONTRACT.receives["publish"].accepts({**publish, "events": PAIR})
    assert not CONTRACT.receives["publish"].accepts({"type": "publish", "events": [PAIR]})


def test_limits_and_the_subprotocol_come_from_the_document() -> None:
    assert (CONTRACT.path, CONTRACT.subprotocol) == ("/events/orders/socket", "orders-events.v1.json")
    limits = (CONTRACT.received_bytes_maximum, CONTRACT.sent_bytes_maximum, CONTRACT.first_message_seconds)
    assert limits == (64 * 1024, 512 * 1024, 10)
    assert (CONTRACT.subscriptions_maximum, CONTRACT.received_per_second_maximum) == (32, 100)


def test_numbers_in_the_description_equal_those_that_the_server_reads() -> None:
    text = operation(INLINED, SOCKET).content["description"]
    assert f"from 1 to {CONTRACT.subscriptions_maximum}" in text
    assert f"at most {CONTRACT.received_bytes_maximum // 1024} KiB, or {DOCUMENT.max_body_bytes // 2**20} MiB" in text
    assert f"at most {CONTRACT.sent_bytes_maximum // 1024} KiB, unless" in text
    assert f"at most {CONTRACT.received_per_second_maximum} messages in a second" in text
    assert f"within {CONTRACT.first_message_seconds} seconds" in text


TWICE = {"$ref": "#/components/schemas/PingMessage"}
WRONG: dict[str, tuple[Edit, str]] = {
    "no list": (put(*MESSAGES, "sends", value={}), "x-messages.sends: this must list the schemas of messages."),
    "an empty list": (put(*MESSAGES, "receives", value=[]), "x-messages.receives: this must list"),
    "a direction missing": (drop(*MESSAGES, "sends"), "x-messages.sends: is missing."),
    "a reference to nothing": (
        put(*MESSAGES, "sends", 0, value={"$ref": "#/components/schemas/Lost"}),
        "x-messages.sends.0: the reference '#/components/schemas/Lost' leads nowhere.",
    ),
    "a message twice": (add(*MESSAGES, "receives", value=TWICE), "x-messages.receives.5: the message 'ping' is listed"),
    "a schema that is not a message": (
        put(*MESSAGES, "sends", 0, value={"$ref": "#/components/schemas/Position"}),
        "x-messages.sends.0: a message must be an object that requires `type`",
    ),
    "an optional type": (
        put(*SCHEMAS, "PongMessage", "required", value=["request"]),
        "x-messages.sends.7: a message must be an object that requires `type`",
    ),
    "two types": (add(*SCHEMAS, "PingMessage", "properties", "type", "enum", value="pings"), "receives.3: a message"),
    "a limit in words": (put(*LIMITS, "maxSentBytes", value="512 KiB"), "maxSentBytes: this must be a whole number"),
    "no limit": (drop(*LIMITS, "firstMessageSeconds"), "x-message-limits.firstMessageSeconds: is missing."),
    "no subprotocol": (drop(*OPERATION, "responses", "101", "headers", "Sec-WebSocket-Protocol"), "is missing."),
    "no operation": (drop("paths", CONTRACT.path), "there is no operation 'openOrderEventsSocket'."),
}


@pytest.mark.parametrize(("edit", "line"), WRONG.values(), ids=WRONG)
def test_wrong_contract_is_refused_in_one_line(edit: Edit, line: str) -> None:
    bundled = deepcopy(DOCUMENT.bundled)
    edit(bundled)
    with pytest.raises(InvalidContract) as refused:
        read_socket_contract(inline(bundled))
    assert line in refused.value.detail
    assert "\n" not in refused.value.detail
