"""Access tokens on WebSocket connections: with the request, in a message, renewed, expired, and of the wrong kind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.support.server_process import QUICK, ServerProcess
from tests.support.tokens import token, token_settings
from tests.transports.http.orders import cancelled, shipped
from tests.transports.websocket.conversations import Conversation, conversation

READ = "orders:read"
SOMETHING = "something"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that needs access tokens."""
    with ServerProcess("--store", "memory:", *QUICK, *token_settings(tmp_path_factory.mktemp("keys"))) as running:
        yield running


def with_token(**claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(**claims)}"}


def with_cookie(**claims: Any) -> dict[str, str]:
    return {"Cookie": f"__Host-orders_events_token={token(**claims)}"}


def soon(seconds: int = 2) -> int:
    return int(time.time()) + seconds


def problem(answer: dict[str, Any]) -> str:
    assert answer["type"] == "error"
    return str(answer["problem"]["type"])


@pytest.mark.parametrize("headers", [with_token, with_cookie], ids=["header", "cookie"])
def test_token_of_the_request_admits(guarded: ServerProcess, headers: Any) -> None:
    with conversation(guarded, additional_headers=headers()) as talk:
        assert talk.ask("subscribe", subscription=1)["type"] == "checkpoint"


def test_token_in_the_first_message_admits(guarded: ServerProcess) -> None:
    with conversation(guarded) as talk:
        assert talk.ask("ping", request=1)["type"] == "pong"
        talk.say("authenticate", token=token())
        assert talk.ask("subscribe", subscription=1)["type"] == "checkpoint"
        assert talk.ask("publish", request=1, events=[cancelled()])["type"] == "published"


@pytest.mark.parametrize(
    "message",
    [
        {"type": "subscribe", "subscription": 1},
        {"type": "publish", "request": 1, "events": [cancelled()]},
        {"type": "unsubscribe", "subscription": 1},
        {"type": "ping", "padding": "x" * 70_000},
        {"type": "authenticate", "token": SOMETHING},
        {"type": "authenticate", "token": token(aud="https://other.example")},
        {"type": "authenticate", "token": token(exp=int(time.time()) - 5)},
    ],
    ids=lambda message: f"{message['type']}-{len(str(message))}",
)
def test_client_that_does_not_authenticate_is_sent_away(guarded: ServerProcess, message: dict[str, Any]) -> None:
    with conversation(guarded) as talk:
        talk.send(message)
        assert talk.close_code() == 4401


@pytest.mark.parametrize("claims", [{"aud": "https://other.example"}, {"exp": int(time.time()) - 5}])
def test_bad_token_with_the_request_is_refused(guarded: ServerProcess, claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidStatus) as refused, conversation(guarded, additional_headers=with_token(**claims)):
        pass
    assert refused.value.response.status_code == 401


def test_token_that_came_in_a_cookie_does_not_publish(guarded: ServerProcess) -> None:
    with conversation(guarded, additional_headers=with_cookie()) as talk:
        assert problem(talk.ask("publish", request=7, events=[shipped()])) == "/problems/forbidden"
        talk.say("authenticate", token=token())
        assert talk.ask("publish", request=8, events=[shipped()])["type"] == "published"


def test_token_does_what_its_scopes_say(guarded: ServerProcess) -> None:
    with conversation(guarded, additional_headers=with_token(scope="orders:publish")) as talk:
        assert problem(talk.ask("subscribe", subscription=1)) == "/problems/forbidden"
        assert talk.ask("publish", request=1, events=[shipped()])["type"] == "published"
    with conversation(guarded, additional_headers=with_token(scope=READ)) as talk:
        assert problem(talk.ask("publish", request=1, events=[shipped()])) == "/problems/forbidden"
        assert talk.ask("subscribe", subscription=1)["type"] == "checkpoint"


def read_to_closing(talk: Conversation, subscriptions: int) -> float:
    """Read the closings of subscriptions, which an expired token ends. Returns when the last one came."""
    closings = [talk.read() for _ in range(subscriptions)]
    assert {each["reason"] for each in closings if each["type"] == "closing"} == {"token_expired"}
    assert {each["subscription"] for each in closings} == {*range(1, subscriptions + 1)}
    return time.time()


def test_connection_ends_with_its_token(guarded: ServerProcess) -> None:
    expiry = soon()
    with conversation(guarded, additional_headers=with_token(exp=expiry)) as talk:
        for number in (1, 2):
            assert talk.ask("subscribe", subscription=number)["type"] == "checkpoint"
        assert expiry <= read_to_closing(talk, 2)
        assert talk.close_code() == 4401


def test_new_token_of_the_same_subject_moves_the_deadline(guarded: ServerProcess) -> None:
    with conversation(guarded, additional_headers=with_token(exp=soon())) as talk:
        assert talk.ask("subscribe", subscription=1)["type"] == "checkpoint"
        expiry = soon(5)
        talk.say("authenticate", token=token(exp=expiry))
        assert expiry <= read_to_closing(talk, 1)
        assert talk.close_code() == 4401


def test_token_of_another_subject_changes_nothing(guarded: ServerProcess) -> None:
    with conversation(guarded, additional_headers=with_token()) as talk:
        assert talk.ask("subscribe", subscription=1)["type"] == "checkpoint"
        assert problem(talk.ask("authenticate", token=token(sub="another"))) == "/problems/forbidden"
        assert talk.ask("publish", request=1, events=[shipped()])["type"] in ("events", "published")


def test_token_that_permits_other_events_ends_the_subscriptions(guarded: ServerProcess) -> None:
    with conversation(guarded, additional_headers=with_token()) as talk:
        assert talk.ask("subscribe", subscription=1)["type"] == "checkpoint"
        talk.say("authenticate", token=token(orders_events={"orderIds": ["or_1"]}))
        read_to_closing(talk, 1)
        assert talk.ask("ping", request=1)["type"] == "pong"


def test_server_without_keys_takes_any_token(server: ServerProcess) -> None:
    with conversation(server) as talk:
        talk.say("authenticate", token=SOMETHING)
        assert talk.ask("subscribe", subscription=1)["type"] == "checkpoint"
