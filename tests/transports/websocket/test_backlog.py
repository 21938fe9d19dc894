"""Large messages are read in turn with other large work, and all messages of a connection in their order."""

from __future__ import annotations

import asyncio

from app.events.publishing.turnstile import Turnstile
from app.transports.websocket.backlog import SMALL_BYTES, Backlog
from tests.support.server_process import ServerProcess
from tests.transports.websocket.conversations import conversation

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
