"""What an ordered consumer makes of the messages that servers push, without servers."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from app.stores.jetstream.consumer import MAX_MESSAGES, Consumer
from app.stores.jetstream.servers.nats_client import PushedMessage
from app.stores.jetstream.servers.nats_connection import NatsConnection
from app.stores.jetstream.stream.stream_api import LEASE_SECONDS, StreamApi, StreamInfo

GO_AHEAD = "$JS.FC.ORDERS.c.x"


class ScriptedServer:
    """A connection over which a server pushes certain messages as soon as the consumer is created, and then breaks."""

    def __init__(self, *pushed: PushedMessage) -> None:
        self.on_reconnect: set[Callable[[], None]] = set()
        self.published: list[str] = []
        self._pushed = pushed

    def new_inbox(self) -> str:
        return "_INBOX.test"

    async def subscribe(self, _: str, receive: Callable[[PushedMessage], None]) -> Callable[[], Awaitable[None]]:
        self._receive = receive
        return self._unsubscribe

    async def _unsubscribe(self) -> None:
        return None

    async def publish(self, subject: str) -> None:
        self.published.append(subject)

    async def create_consumer(self, _: object) -> None:
        for message in self._pushed:
            self._receive(message)
        for interrupt in [*self.on_reconnect]:
            interrupt()

    async def sequences(self) -> list[list[int]]:
        consumer = Consumer(cast("NatsConnection", self), cast("StreamApi", self))
        return [[message.sequence for message in messages] async for messages in consumer.messages(1)]


def pushed(delivery: int, sequence: int) -> PushedMessage:
    return PushedMessage("ORDERS.e.%.a", f"$JS.ACK.ORDERS.c.1.{sequence}.{delivery}.1700000000000000000.0", b"", b"")


def status(code: int, header: str = "", reply: str = "") -> PushedMessage:
    return PushedMessage("_INBOX.test", reply, b"", f"NATS/1.0 {code} Text\r\n{header}\r\n\r\n".encode())


@pytest.mark.parametrize(
    ("messages", "sequences"),
    [
        ([pushed(1, 5), pushed(2, 9)], [5, 9]),
        ([pushed(1, 5), pushed(3, 7), pushed(4, 8)], [5]),
        ([pushed(2, 6)], []),
        ([pushed(1, 5), status(100, "Nats-Last-Consumer: 1"), pushed(2, 6)], [5, 6]),
        ([pushed(1, 5), status(100, "Nats-Last-Consumer: 2"), pushed(2, 6)], [5]),
        ([pushed(1, 5), status(409), pushed(2, 6)], [5]),
    ],
    ids=["in order", "one is missing", "the first is missing", "a heartbeat", "the last is missing", "it was deleted"],
)
async def test_messages_are_passed_on_up_to_the_first_that_was_missed(
    messages: list[PushedMessage], sequences: list[int]
) -> None:
    assert await ScriptedServer(*messages).sequences() == ([sequences] if sequences else [])


async def test_the_servers_may_send_more_once_all_that_they_sent_was_taken() -> None:
    messages: list[PushedMessage] = [pushed(number, number) for number in range(1, MAX_MESSAGES + 2)]
    stalled = status(100, f"Nats-Last-Consumer: {len(messages)}\r\nNats-Consumer-Stalled: {GO_AHEAD}")
    for request in (status(100, reply=GO_AHEAD), stalled):
        server = ScriptedServer(*messages, request)
        consumer = Consumer(cast("NatsConnection", server), cast("StreamApi", server))
        asked = [(len(batch), [*server.published]) async for batch in consumer.messages(1)]
        assert asked == [(MAX_MESSAGES, []), (1, [])]
        assert server.published == [GO_AHEAD]


async def test_a_message_of_a_newer_server_has_domain_and_account_in_its_reply() -> None:
    reply = "$JS.ACK.domain.account.ORDERS.c.1.5.1.1700000000000000000.0.token"
    assert await ScriptedServer(PushedMessage("ORDERS.e.%.a", reply, b"", b"")).sequences() == [[5]]


@pytest.mark.parametrize(
    ("silences", "is_led"),
    [
        ((), True),
        ((0.1, 0.9), True),
        ((0.1, 60.0), True),
        ((LEASE_SECONDS, 0.1), True),
        ((LEASE_SECONDS, 60.0), False),
        ((0.1, 60.0, 60.0, 60.0), False),
    ],
)
def test_a_leader_is_believed_that_heard_from_a_majority(silences: tuple[float, ...], *, is_led: bool) -> None:
    config: dict[str, Any] = {}
    assert StreamInfo(config, "", 1, 1, silences, {}).is_led is is_led
