"""The messages of a stream in order, as the servers push them: an ordered consumer.

The servers number what they push, so a message that was lost on the way is noticed; then the consumer is given up, and its user
makes another. Nothing is acknowledged. If messages are not taken, the servers stop to push them (flow control).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from nats.aio.msg import Msg

from app.stores.jetstream.payloads import Message
from app.stores.jetstream.servers.nats_connection import NatsConnection
from app.stores.jetstream.stream.stream_api import StreamApi

HEARTBEAT_SECONDS: Final = 0.5
SILENCE_SECONDS: Final = 1.5  # three heartbeats
QUEUE_MESSAGES: Final = 2000  # taken from the connection and not yielded yet; the servers hold back more
_ABANDONED_SECONDS: Final = 10  # the servers remove a consumer that no node listens to
_NANOSECONDS: Final = 1_000_000_000


class Consumer:
    """One consumer of a stream, from its creation until a message is missed or none comes for SILENCE_SECONDS."""

    def __init__(self, connection: NatsConnection, api: StreamApi) -> None:
        self._connection = connection
        self._api = api
        self._queue: list[Message] = []
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()
        self._last_delivery = 0
        self._broken = False

    async def messages(self, first: int) -> AsyncGenerator[Sequence[Message]]:
        """Yield the messages from a sequence on, in order; nothing after SILENCE_SECONDS without a heartbeat or message.

        An empty sequence shows that the servers are there, and have no further message. Raises Unanswered, Forbidden or
        ApiRefused if the consumer cannot be created.
        """
        inbox = self._connection.new_inbox()
        subscription = await self._connection.subscribe(inbox, self._on_message)
        self._connection.on_reconnect.add(self._on_reconnect)
        try:
            await self._api.create_consumer(_config(inbox, first))
            while await self._is_alive():
                messages, self._queue = self._queue, []
                self._changed.clear()
                self._taken.set()
                yield messages
                if self._broken:
                    return
        finally:
            self._connection.on_reconnect.discard(self._on_reconnect)
            self._broken = True
            self._taken.set()
            await self._connection.unsubscribe(subscription)

    async def _is_alive(self) -> bool:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                await self._changed.wait()
        except TimeoutError:
            return False
        return bool(self._queue) or not self._broken

    def _on_reconnect(self) -> None:
        self._broken = True
        self._changed.set()

    async def _on_message(self, message: Msg) -> None:
        if self._broken:
            return
        if message.headers and "Status" in message.headers:
            await self._on_status(message)
        else:
            self._add(message)
        self._changed.set()
        while len(self._queue) >= QUEUE_MESSAGES and not self._broken:
            self._taken.clear()
            await self._taken.wait()

    async def _on_status(self, message: Msg) -> None:
        headers = message.headers or {}
        if headers.get("Status") != "100":  # such as 409: the consumer was deleted
            self._broken = True
        elif message.reply:  # what was pushed before this message has been taken: the servers may go on
            await self._connection.publish(message.reply)
        elif stalled := headers.get("Nats-Consumer-Stalled"):
            await self._connection.publish(stalled)
        elif int(headers.get("Nats-Last-Consumer", self._last_delivery)) != self._last_delivery:
            self._broken = True

    def _add(self, message: Msg) -> None:
        delivery, pushed = _pushed(message)
        if delivery == self._last_delivery + 1:
            self._last_delivery = delivery
            self._queue.append(pushed)
        else:
            self._broken = True


def _config(inbox: str, first: int) -> dict[str, object]:
    return {
        "deliver_subject": inbox,
        "deliver_policy": "by_start_sequence",
        "opt_start_seq": first,
        "ack_policy": "none",
        "max_deliver": 1,
        "flow_control": True,
        "idle_heartbeat": int(HEARTBEAT_SECONDS * _NANOSECONDS),
        "mem_storage": True,
        "num_replicas": 1,
        "inactive_threshold": _ABANDONED_SECONDS * _NANOSECONDS,
    }


def _pushed(message: Msg) -> tuple[int, Message]:
    """Return a message of the stream, and its number among those that were pushed: both are in its reply subject.

    It is `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<number>.<time>.<pending>`; newer servers may put domain and account
    before the stream, and a token behind (ADR-15).
    """
    tokens = message.reply.split(".")
    at = 5 if len(tokens) == 9 else 7
    sequence, delivery, stored_at_ns = map(int, tokens[at : at + 3])
    return delivery, Message(sequence, stored_at_ns, message.subject, message.data)
