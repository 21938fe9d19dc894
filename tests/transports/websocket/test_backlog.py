"""Large messages are read in turn with other large work, and all messages of a connection in their order."""

from __future__ import annotations

import asyncio
import json

import httpx

from app.events.publishing.turnstile import SMALL_BYTES, Turnstile
from app.transports.websocket.backlog import Backlog
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, PAGE, new_order, shipped
from tests.transports.http.wire import PATIENCE_SECONDS
from tests.transports.websocket.conversations import conversation
from tests.transports.websocket.raw_socket import TEXT, RawSocket, close, frame

LARGE = b"x" * (SMALL_BYTES + 1)


class Held:
    """A connection that counts how often reading was paused."""

    paused = 0

    def pause_reading(self) -> None:
        self.paused += 1

    def resume_reading(self) -> None:
        raise AssertionError

    def write(self, data: bytes) -> bool:
        raise AssertionError(data)

    def end(self, data: bytes) -> None:
        raise AssertionError(data)


async def test_large_messages_wait_for_their_turn_and_others_behind_them() -> None:
    turnstile, connection = Turnstile(), Held()
    handled: list[bytes] = []
    backlog = Backlog(handled.append, connection, turnstile)
    for text in (LARGE, b"1", b"2", LARGE, b"3"):
        backlog.add(text)
    assert connection.paused == 5

    async def work_of_others() -> None:
        for _ in range(2):
            await turnstile.enter()
            handled.append(b"another")

    await asyncio.gather(work_of_others(), backlog.handle_all())
    assert handled == [b"another", b"another", LARGE, b"1", b"2", LARGE, b"3"]


def test_a_large_message_is_answered_before_those_that_came_with_it(server: ServerProcess) -> None:
    with conversation(server) as talk:
        for number in range(1, 4):
            talk.say("publish", request=number, events="x" * SMALL_BYTES)
            talk.say("ping", request=10 + number)
        answers = [talk.read() for _ in range(6)]
    assert [(each["type"], each["request"]) for each in answers] == [
        each for number in range(1, 4) for each in (("error", number), ("pong", 10 + number))
    ]


def test_a_large_message_is_handled_although_the_client_closes_right_after_it(server: ServerProcess) -> None:
    order = new_order()
    sent = {"type": "publish", "request": 1, "events": [shipped(order) for _ in range(500)]}
    with RawSocket(server.port) as client:
        client.send(frame(TEXT, json.dumps(sent).encode()) + close(1000) + b"ignored" * 10_000)
        assert client.close_code() == 1000
    waits = {"orderId": order, "from": "earliest", "limit": "500", "wait": "30"}
    page = httpx.get(f"{server.url}{EVENTS}", params=waits, headers=PAGE, timeout=PATIENCE_SECONDS)
    assert len(page.json()["events"]) == 500
