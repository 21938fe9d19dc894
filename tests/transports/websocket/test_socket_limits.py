"""The limits on connections and on publishing, over WebSocket and for the subjects of access tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.server_process import QUICK, ServerProcess
from tests.support.tokens import token, token_settings
from tests.transports.http.orders import EVENTS, PAGE, eventually, shipped
from tests.transports.http.wire import Wire
from tests.transports.websocket.conversations import Conversation, conversation

EACH = 2


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that has at most two streams for each subject."""
    limits = ("--max-streams-per-principal", str(EACH), "--publish-rate", "10:1000000")
    keys = token_settings(tmp_path_factory.mktemp("keys"))
    with ServerProcess("--store", "memory:", *QUICK, *limits, *keys) as running:
        yield running


def authorization(subject: str) -> str:
    return f"Bearer {token(sub=subject)}"


@pytest.fixture
def full(limited: ServerProcess) -> Iterator[list[Conversation]]:
    """The connections of the subject `ann`, who may have no more."""
    held: list[Conversation] = []
    with ExitStack() as stack:

        def holds_all() -> bool:
            headers = {"Authorization": authorization("ann")}
            talk = stack.enter_context(conversation(limited, additional_headers=headers))
            if is_admitted(talk):
                held.append(talk)
            return len(held) == EACH

        assert eventually(holds_all)
        yield held


def is_admitted(talk: Conversation) -> bool:
    talk.say("ping", request=1)
    try:
        return str(talk.read()["type"]) == "pong"
    except ConnectionClosed:
        return False


def test_a_connection_beyond_the_limit_is_closed_with_1013(limited: ServerProcess, full: list[Conversation]) -> None:
    with conversation(limited, additional_headers={"Authorization": authorization("ann")}) as talk:
        assert talk.close_code() == 1013
    with conversation(limited) as talk:
        talk.say("authenticate", token=token(sub="ann"))
        assert talk.close_code() == 1013
    assert all(talk.ask("subscribe", subscription=1)["type"] == "checkpoint" for talk in full)


def test_connections_and_event_streams_are_counted_together_and_for_each_subject_alone(
    limited: ServerProcess, full: list[Conversation]
) -> None:
    def first_frame(subject: str) -> bytes:
        with Wire(limited.port) as wire:
            wire.get(EVENTS, f"Authorization: {authorization(subject)}")
            return wire.chunk()

    assert b"overloaded" in first_frame("ann")
    assert b"stream.checkpoint" in first_frame("ben")
    full[0].client.close()
    assert eventually(lambda: b"stream.checkpoint" in first_frame("ann"))


def test_a_renewed_token_does_not_count_a_connection_again(full: list[Conversation]) -> None:
    for talk in full * 2:
        talk.say("authenticate", token=token(sub="ann"))
        assert talk.ask("ping", request=1)["type"] == "pong"


def test_a_client_that_publishes_too_much_gets_an_error_and_may_go_on_later(limited: ServerProcess) -> None:
    with conversation(limited, additional_headers={"Authorization": authorization("ben")}) as talk:
        assert talk.ask("publish", request=1, events=[shipped()] * 30)["type"] == "published"
        problem = talk.ask("publish", request=2, events=[shipped()])["problem"]
        assert (problem["status"], problem["type"]) == (429, "/problems/too-many-requests")
        assert 1 <= problem["retryAfter"] <= 3
        assert eventually(lambda: talk.ask("publish", request=3, events=[shipped()])["type"] == "published")


@pytest.mark.parametrize(
    ("text", "code"),
    [pytest.param("{", 4400, id="malformed"), pytest.param("[" + "0," * 10**6, 1009, id="too many values")],
)
def test_a_message_that_is_refused_before_it_is_parsed_counts_as_published(
    limited: ServerProcess, text: str, code: int
) -> None:
    headers = {"Authorization": authorization(f"eve {code}")}
    with conversation(limited, additional_headers=headers) as talk:
        talk.client.send(text + " " * 3_000_000)
        assert talk.close_code() == code
    assert httpx.post(f"{limited.url}{EVENTS}", json=shipped(), headers=headers).status_code == 429


def test_a_client_whose_refused_messages_are_beyond_its_rate_gets_no_other_large_one_parsed(
    limited: ServerProcess,
) -> None:
    headers = {"Authorization": authorization("flo")}
    for code in (4400, 1013):
        with conversation(limited, additional_headers=headers) as talk:
            talk.client.send("{" + " " * 7_000_000)
            assert talk.close_code() == code
    with conversation(limited, additional_headers=headers) as talk:
        assert talk.ask("subscribe", subscription=1)["type"] == "checkpoint"


def test_one_subject_publishes_at_its_rate_on_all_transports_together(limited: ServerProcess) -> None:
    headers = {"Authorization": authorization("cyd")}
    with conversation(limited, additional_headers=headers) as talk, httpx.Client(base_url=limited.url) as client:
        assert client.post(EVENTS, json=[shipped()] * 50, headers=headers).status_code == 201
        assert talk.ask("publish", request=1, events=[shipped()])["type"] == "error"
        other = {"Authorization": authorization("dan")}
        assert client.post(EVENTS, json=shipped(), headers=other).status_code == 201


def test_a_publish_that_does_not_follow_the_contract_counts_too(limited: ServerProcess) -> None:
    headers = {"Authorization": authorization("gil")}
    with conversation(limited, additional_headers=headers) as talk:
        assert talk.ask("publish", request=1, events=[], more="x" * 3_000_000)["problem"]["status"] == 400
        assert talk.ask("publish", request=2, events=[shipped()])["problem"]["status"] == 429


def test_a_client_that_publishes_too_much_gets_large_messages_parsed_only_so_often(limited: ServerProcess) -> None:
    headers = {"Authorization": authorization("hal")}
    event = shipped() | {"eventId": "x" * 1_000_000}
    with conversation(limited, additional_headers=headers) as talk:
        assert talk.ask("publish", request=1, events=[shipped()] * 50)["type"] == "published"
        for _ in range(3):
            talk.say("publish", request=2, events=[event])
        assert talk.close_code() == 1013
    assert httpx.get(f"{limited.url}{EVENTS}", headers={**headers, **PAGE}).status_code == 200
