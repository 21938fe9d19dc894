"""The access token of a client: sent on every transport, asked for before each connection, and asked for again if it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import httpx
import pytest
from websockets.sync.server import ServerConnection

from app.client import AsyncOrdersClient, RequestRefused, Unavailable
from tests.cli.scripted_server import ScriptedServer, problem, stored, stream
from tests.client.kinds import Kind
from tests.client.scripted_socket import Answer, ScriptedSocket, Talk

pytestmark = pytest.mark.usefixtures("quick_reconnections")

EVENT = {"eventType": "order.shipped", "eventId": "x", "data": {"orderId": "o", "when": "2024-05-01T10:00:00Z"}}
CLOSING = "retry: 20\nevent: stream.closing\ndata: "
EXPIRED = stream(f'{CLOSING}{{"reason": "token_expired"}}')
END = stream(f'{CLOSING}{{"reason": "end"}}')
REFUSED = problem(401, "The request needs a valid access token.")
SOCKET_END = {"type": "closing", "subscription": 1, "reason": "end"}


@pytest.fixture(autouse=True)
def quick_publishing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait little between two attempts to publish."""
    monkeypatch.setattr("app.client.protocol.publishing._FIRST_WAIT_SECONDS", 0.01)


def new_token() -> Callable[[], str]:
    """Return a function that returns token-1, then token-2, and so on."""
    numbers = count(1)
    return lambda: f"token-{next(numbers)}"


def bearer(*numbers: int) -> list[str]:
    return [f"Bearer token-{each}" for each in numbers]


def sent_to(server: ScriptedServer | ScriptedSocket) -> list[str | None]:
    requests: list[Any] = server.asked if isinstance(server, ScriptedServer) else server.requests
    return [each.headers.get("Authorization") for each in requests]


def test_each_connection_of_a_stream_gets_a_token_of_its_own(client: Kind) -> None:
    with ScriptedServer(EXPIRED, EXPIRED, END) as server:
        assert client.read(server.url, token=new_token()) == []
    assert sent_to(server) == bearer(1, 2, 3)


def test_stream_goes_on_with_a_new_token_after_a_refusal(client: Kind) -> None:
    event = 'id: e-1\nevent: order.shipped\ndata: {"orderId": "o"}'
    with ScriptedServer(REFUSED, stream("retry: 20", event), REFUSED, END) as server:
        assert [each.id for each in client.read(server.url, token=new_token())] == ["e-1"]
    assert sent_to(server) == bearer(1, 2, 3, 4)
    assert [each.headers.get("Last-Event-ID") for each in server.asked] == [None, None, "e-1", "e-1"]


def test_second_refusal_in_a_row_is_raised(client: Kind) -> None:
    with ScriptedServer(REFUSED) as server:
        with pytest.raises(RequestRefused) as stream_refused:
            client.read(server.url, token=new_token())
        with pytest.raises(RequestRefused) as events_refused:
            client.publish(server.url, [EVENT], token=new_token())
    assert (stream_refused.value.status, events_refused.value.status) == (401, 401)
    assert sent_to(server) == bearer(1, 2, 1, 2)


def test_text_is_sent_as_it_is_and_only_once(client: Kind) -> None:
    with ScriptedServer(REFUSED) as server:
        for _ in range(2):
            with pytest.raises(RequestRefused):
                client.read(server.url, token="a.b-c_d==")  # noqa: S106  # invented
    assert sent_to(server) == ["Bearer a.b-c_d=="] * 2


def test_refusal_of_another_kind_is_raised_at_once(client: Kind) -> None:
    with ScriptedServer(problem(403, "The token does not allow this.")) as server, pytest.raises(RequestRefused):
        client.read(server.url, token=new_token())
    assert sent_to(server) == bearer(1)


def test_events_are_published_with_a_new_token_after_a_refusal(client: Kind) -> None:
    with ScriptedServer(REFUSED, stored(False)) as server:
        assert [each.id for each in client.publish(server.url, [EVENT], token=new_token())] == ["e-1"]
    assert sent_to(server) == bearer(1, 2)


def test_token_function_that_reaches_no_server_is_called_again_later(client: Kind) -> None:
    failures = iter([ConnectionRefusedError("The issuer is down."), httpx.ConnectTimeout("The issuer is slow.")])

    def token() -> str:
        for failure in failures:
            raise failure
        return "token-1"

    with ScriptedServer(stored(False)) as server:
        client.publish(server.url, [EVENT], token=token)
    assert sent_to(server) == bearer(1)


def test_time_limit_counts_for_the_token_function_too(client: Kind) -> None:
    def token() -> str:
        raise OSError("The issuer is down.")

    with pytest.raises(Unavailable, match=r"There is no access token .*The issuer is down"):
        client.publish("http://127.0.0.1:1", [EVENT], retry_max_seconds=0, token=token)


@pytest.mark.parametrize("wrong", ["", "two words", "line\r\nbreak", "naïve", "=a", 5])
def test_token_that_no_header_can_carry_is_refused_without_being_shown(client: Kind, wrong: Any) -> None:
    with pytest.raises(ValueError, match="The access token must be a string") as refused:
        client.read("http://127.0.0.1:1", token=lambda: wrong)
    assert not str(wrong) or str(wrong) not in str(refused.value)


async def test_token_function_of_asyncio_may_be_asynchronous() -> None:
    async def token() -> str:
        return "token-1"

    with ScriptedServer(stored(False), END) as server:
        async with AsyncOrdersClient(server.url, token=token) as orders:
            await orders.publish(EVENT)
            assert [each async for each in orders.stream()] == []
    assert sent_to(server) == bearer(1, 1)


def test_socket_gets_the_token_with_its_upgrade(client: Kind) -> None:
    over = Talk([{**SOCKET_END, "reason": "token_expired"}], 4401)
    refused = Answer(401, b'{"status": 401, "detail": "The request needs a valid access token."}')
    with ScriptedSocket(refused, over, Talk([], 4401), Talk([SOCKET_END])) as server:
        assert client.read(server.url, transport="websocket", token=new_token()) == []
    assert sent_to(server) == bearer(1, 2, 3, 4)


def test_socket_that_closes_twice_for_want_of_a_token_is_refused(client: Kind) -> None:
    with ScriptedSocket(Talk([], 4401), Talk([], 4401)) as server, pytest.raises(RequestRefused) as refused:
        client.read(server.url, transport="websocket", token=new_token())
    assert refused.value.status == 401
    assert sent_to(server) == bearer(1, 2)


def test_events_go_over_a_new_socket_if_the_token_of_the_old_one_expired(client: Kind) -> None:
    event = {"id": "e-1", "eventType": "order.shipped", "schemaVersion": "1.0.0", "eventId": "x", "duplicate": False}

    def answers(connection: ServerConnection) -> None:
        number = json.loads(connection.recv())["request"]
        connection.send(json.dumps({"type": "published", "request": number, "events": [event]}))

    with ScriptedSocket(Talk([], 4401), answers) as server:
        client.publish(server.url, [EVENT], transport="websocket", token=new_token())
    assert sent_to(server) == bearer(1, 2)
