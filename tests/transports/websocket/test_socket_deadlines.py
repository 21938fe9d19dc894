"""The times that a client has: to subscribe or publish, and to finish a message."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from app.transports.websocket.bounds import PROGRESS_BYTES, UNFINISHED_SECONDS, UnfinishedMessages
from app.transports.websocket.errors import CloseCode, ConnectionFault
from app.transports.websocket.messages.incoming import Incoming
from tests.support.contract_copy import ContractCopy
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled
from tests.transports.websocket.conversations import conversation
from tests.transports.websocket.raw_socket import CONTINUATION, TEXT, RawSocket, frame


@pytest.fixture(scope="module")
def strict_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with a contract that gives a client one second to subscribe or publish."""
    copy = ContractCopy(tmp_path_factory.mktemp("strict") / "contract")
    copy.replace("firstMessageSeconds: 10$", "firstMessageSeconds: 1")
    with ServerProcess("--store", "memory:", *QUICK, "--contract", str(copy.root)) as running:
        yield running


def test_client_that_asks_for_nothing_is_sent_away(strict_server: ServerProcess) -> None:
    with RawSocket(strict_server.port) as client:
        assert client.close_code() == 4408


@pytest.mark.parametrize(
    "message",
    [
        {"type": "ping"},
        {"type": "unsubscribe", "subscription": 1},
        {"type": "subscribe", "subscription": 33},
        {"type": "publish", "request": 0, "events": []},
    ],
    ids=lambda message: message["type"],
)
def test_message_that_asks_for_no_events_and_brings_none_gives_no_more_time(
    strict_server: ServerProcess, message: dict[str, Any]
) -> None:
    with conversation(strict_server) as talk:
        talk.send(message)
        talk.client.ping()
        assert talk.close_code() == 4408


def test_client_that_has_subscribed_or_published_may_stay(strict_server: ServerProcess) -> None:
    with conversation(strict_server) as publishing, conversation(strict_server) as reading:
        assert publishing.ask("publish", request=1, events=[cancelled()])["type"] == "published"
        reading.ask("subscribe", subscription=1)
        reading.ask("unsubscribe", subscription=1)
        with RawSocket(strict_server.port) as late:
            assert late.close_code() == 4408  # it came after the others
        for talk in (publishing, reading):
            assert talk.ask("ping") == {"type": "pong"}


class Slow:
    """A connection whose client sends slowly. `faults`: why it was closed."""

    def __init__(self) -> None:
        self.faults: list[ConnectionFault] = []

    def close(self, fault: ConnectionFault) -> None:
        self.faults.append(fault)


class Messages(UnfinishedMessages):
    """Unfinished messages with a clock of their own, which begins with the test."""

    def __init__(self) -> None:
        super().__init__()
        self._begin = asyncio.get_running_loop().time()

    def hold(self, slow: Slow, size: int, *, has_finished: bool = False) -> None:
        self.note(slow, size, has_finished=has_finished)  # type: ignore[arg-type]  # all that is used of a session

    def pass_seconds(self, seconds: float) -> None:
        self.sweep(self._begin + seconds)


async def test_message_that_comes_too_slowly_ends_the_connection() -> None:
    messages, slow, done = Messages(), Slow(), Slow()
    messages.hold(slow, 1)
    messages.hold(done, 1)
    messages.hold(slow, PROGRESS_BYTES)  # a byte less than one must send
    messages.hold(done, 0, has_finished=True)
    messages.pass_seconds(UNFINISHED_SECONDS - 1)
    assert slow.faults == []
    messages.pass_seconds(UNFINISHED_SECONDS + 1)
    assert [fault.code for fault in slow.faults] == [CloseCode.NOT_IN_TIME]
    assert done.faults == []


@pytest.mark.parametrize(
    ("size", "has_finished"), [(PROGRESS_BYTES + 1, False), (1, True)], ids=["progress", "another message"]
)
async def test_progress_gives_the_full_time_again(size: int, has_finished: bool, monkeypatch: Any) -> None:
    messages, quick = Messages(), Slow()
    messages.hold(quick, 1)
    loop = asyncio.get_running_loop()
    later = loop.time() + UNFINISHED_SECONDS - 1
    monkeypatch.setattr(loop, "time", lambda: later)
    messages.hold(quick, size, has_finished=has_finished)
    messages.pass_seconds(UNFINISHED_SECONDS + 1)
    assert quick.faults == []
    messages.pass_seconds(2 * UNFINISHED_SECONDS)
    assert [fault.code for fault in quick.faults] == [CloseCode.NOT_IN_TIME]


def test_message_that_began_with_an_empty_fragment_is_unfinished() -> None:
    incoming = Incoming(1024, is_compressed=False)
    for part in (frame(TEXT, fin=False), frame(CONTINUATION, fin=False)):
        assert incoming.receive(part) == []
        assert incoming.unfinished_bytes == 1
    assert incoming.receive(frame(CONTINUATION, b"{}")) == [b"{}"]
    assert incoming.is_empty
