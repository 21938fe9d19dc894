"""The WebSocket operation is as the document describes it: its handshake, its refusals, and its messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.specification.contracts import load_contracts
from app.specification.openapi.bundle import bundle, inline
from app.specification.openapi.source import read_source
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled
from tests.transports.http.wire import Head, Wire, request
from tests.transports.websocket.raw_socket import PATH, RawSocket

ROOT = Path(__file__).parents[2]
OPERATION: dict[str, Any] = inline(bundle(read_source(ROOT), load_contracts(ROOT / "contracts")))["paths"][PATH]["get"]
# The example of `Origin` names a port that the server of a test does not have.
EXAMPLES = {each["name"]: each["example"] for each in OPERATION["parameters"] if each["name"] != "Origin"}
SENT = {each["properties"]["type"]["enum"][0]: each for each in OPERATION["x-messages"]["sends"]}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("--store", "memory:", *QUICK) as running:
        yield running


@pytest.fixture
def client(server: ServerProcess) -> Iterator[RawSocket]:
    with RawSocket(server.port) as opened:
        yield opened


def answer(server: ServerProcess, headers: dict[str, str]) -> tuple[Head, dict[str, Any]]:
    """Send a request to open a connection. Returns the head of the answer, and the problem if there is one."""
    with Wire(server.port) as wire:
        wire.send(request(PATH, *(f"{name}: {value}" for name, value in headers.items())))
        head = wire.head()
        return head, {} if head.status == 101 else json.loads(wire.body(head))


def assert_described(head: Head) -> None:
    described = OPERATION["responses"][str(head.status)].get("headers", {})
    for name, header in described.items():
        for value in head.all(name.lower()):
            assert list(Draft202012Validator(header["schema"]).iter_errors(value)) == []
        assert head.all(name.lower()) or not header.get("required"), name


def test_examples_of_the_parameters_open_a_connection(server: ServerProcess) -> None:
    head, _ = answer(server, EXAMPLES)
    assert head.status == 101
    assert_described(head)


@pytest.mark.parametrize(
    ("changed", "status", "kind"),
    [
        ({"Upgrade": None, "Connection": None}, 426, "upgrade-required"),
        ({"Sec-WebSocket-Version": "12"}, 426, "upgrade-required"),
        ({"Sec-WebSocket-Protocol": "chat"}, 400, "invalid-parameter"),
        ({"Sec-WebSocket-Key": "short"}, 400, "invalid-parameter"),
        ({"Origin": "https://evil.example"}, 403, "origin-not-allowed"),
    ],
    ids=["no upgrade", "version", "subprotocol", "key", "origin"],
)
def test_refusal_is_described(server: ServerProcess, changed: dict[str, str | None], status: int, kind: str) -> None:
    headers = {name: value for name, value in {**EXAMPLES, **changed}.items() if value is not None}
    head, problem = answer(server, headers)
    assert (head.status, problem["type"]) == (status, f"/problems/{kind}")
    assert_described(head)
    schema = OPERATION["responses"][str(status)]["content"]["application/problem+json"]["schema"]
    assert list(Draft202012Validator(schema).iter_errors(problem)) == []


def received(client: RawSocket) -> str:
    """Read a message, and hold it to its schema. Returns its type."""
    message = client.message()
    assert [error.message for error in Draft202012Validator(SENT[message["type"]]).iter_errors(message)] == []
    return str(message["type"])


def test_messages_of_the_server_satisfy_their_schemas(client: RawSocket) -> None:
    client.say(type="subscribe", subscription=1, **{"from": "latest"})
    assert received(client) == "checkpoint"
    client.say(type="subscribe", subscription=1)
    assert received(client) == "error"
    client.say(type="publish", request=1, events=[cancelled()])
    assert {received(client), received(client)} == {"published", "events"}
    client.say(type="unsubscribe", subscription=1)
    assert received(client) == "unsubscribed"
    client.say(type="ping")
    assert received(client) == "pong"
    client.say(type="subscribe", subscription=2, lastEventId="nope", follow=False)
    assert received(client) == "gap"
    while (kind := received(client)) != "closing":
        assert kind == "events"


def test_examples_of_the_messages_of_clients_are_accepted(client: RawSocket) -> None:
    for message in OPERATION["x-messages"]["receives"]:
        client.say(**message["example"])
    kinds: list[str] = []
    while not {"published", "unsubscribed", "pong"} <= {*kinds}:
        kinds.append(received(client))
    assert "error" not in kinds
