"""Messages of every wrong shape that the contract can have: each property absent, unknown, or with a value that it does not allow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.specification.contracts import load_contracts
from app.specification.openapi.bundle import bundle, inline
from app.specification.openapi.source import read_source
from tests.support.server_process import ServerProcess
from tests.transports.websocket.conversations import Conversation, Message, conversation
from tests.transports.websocket.raw_socket import PATH

ROOT = Path(__file__).parents[3]
DOCUMENT: Any = inline(bundle(read_source(ROOT), load_contracts(ROOT / "contracts")))
MESSAGES = DOCUMENT["paths"][PATH]["get"]["x-messages"]
SCHEMAS: dict[str, Any] = {each["properties"]["type"]["enum"][0]: each for each in MESSAGES["receives"]}
SENT = [each["properties"]["type"]["enum"][0] for each in MESSAGES["sends"]]
MEMBERS = [
    (type, name)
    for type, schema in SCHEMAS.items()
    for name in (*schema["properties"], "unknown", "", "Type", "__proto__")
    if name != "type"
]
# A value of each type, and for each type the values that a schema is most likely to forget.
VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    0.5,
    33,
    2**31,
    2**53 - 1,
    1e15,
    "",
    " ",
    "1",
    "x" * 10_000,
    "order.shipped\n",
    [],
    [None],
    [0],
    [""],
    [[]],
    [{}],
    ["order.shipped", "order.shipped", 1],
    {},
    {"1": 1},
    {"type": "ping"},
]


def wrong_values(type: str, name: str) -> Iterator[Message]:
    """Return messages of a type in which one member has a value that the contract does not allow, by a foreign validator."""
    schema = SCHEMAS[type]
    judge = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for value in VALUES:
        message = {**schema["example"], name: value}
        if not judge.is_valid(message):
            yield message


@pytest.fixture
def talk(server: ServerProcess) -> Iterator[Conversation]:
    with conversation(server) as opened:
        yield opened


def assert_refused(talk: Conversation, message: Message) -> None:
    """Send a message that follows no schema. Its answer must be a problem, and the connection must go on."""
    talk.send(message)
    refused = talk.read()
    assert refused["type"] == "error", (message, refused)
    is_batch = isinstance(message.get("events"), list)
    assert refused["problem"]["status"] == (422 if is_batch and "violations" in refused["problem"] else 400), message
    assert talk.ask("ping", request=1) == {"type": "pong", "request": 1}


@pytest.mark.parametrize(("type", "name"), MEMBERS)
def test_value_that_the_contract_does_not_allow_is_refused(talk: Conversation, type: str, name: str) -> None:
    messages = [*wrong_values(type, name)]
    assert len(messages) > 10
    for message in messages:
        assert_refused(talk, message)


@pytest.mark.parametrize(
    ("type", "name"),
    [(type, name) for type, schema in SCHEMAS.items() for name in schema["required"] if name != "type"],
)
def test_message_without_a_required_member_is_refused(talk: Conversation, type: str, name: str) -> None:
    assert_refused(talk, {key: value for key, value in SCHEMAS[type]["example"].items() if key != name})


@pytest.mark.parametrize(
    "kind",
    [*SENT, *(type.upper() for type in SCHEMAS), *(value for value in VALUES if not isinstance(value, str)), "", "x"],
    ids=repr,
)
def test_message_of_an_unknown_type_ends_the_connection(server: ServerProcess, kind: object) -> None:
    with conversation(server) as talk:
        talk.send({**SCHEMAS["subscribe"]["example"], "type": kind})
        assert talk.close_code() == 4400


@pytest.mark.parametrize("type", SCHEMAS)
def test_message_without_a_type_ends_the_connection(talk: Conversation, type: str) -> None:
    members = {key: value for key, value in SCHEMAS[type]["example"].items() if key != "type"}
    talk.send(members)
    assert talk.close_code() == 4400
