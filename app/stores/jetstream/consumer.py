"""The messages of a stream in order, as the servers push them: an ordered consumer.

The servers number what they push, so a message that was lost on the way is noticed; then the consumer is given up, and its user
makes another. Nothing is acknowledged. If messages are not taken, the servers stop to push them (flow control).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from app.stores.jetstream.payloads import Message
from app.stores.jetstream.servers.nats_client import PushedMessage
from app.stores.jetstream.servers.nats_connection import NatsConnection
from app.stores.jetstream.stream.stream_api import StreamApi

HEARTBEAT_SECONDS: Final = 0.5
SILENCE_SECONDS: Final = 1.5  # three heartbeats
MAX_MESSAGES: Final = 2000  # yielded at once: few enough for one transaction of a copy
_ABANDONED_SECONDS: Final = 10  # the servers remove a consumer that no node listens to
_NANOSECONDS: Final = 1_000_000_000
_LAST_DELIVERY = re.compile(rb"Nats-Last-Consumer: (\d+)")
_STALLED = re.compile(rb"Nats-Consumer-Stalled: (\S+)")
_STATUS: Final = b"NATS/1.0 "
_CONTROL: Final = b"NATS/1.0 100 "  # a heartbeat, or a request for a go-ahead


class Consumer:
    """One consumer of a stream, from its creation until a message is missed or none comes for SILENCE_SECONDS.

    The servers send at most 32 MiB of messages that were not yielded yet (JsFlowControlMaxPending).
    """

    def __init__(self, connection: NatsConnection, api: StreamApi) -> None:
        self._connection = connection
        self._api = api
        self._queue: list[Message] = []
        self._go_ahead: set[str] = set()
        self._changed = asyncio.Event()
        self._last_delivery = 0
        self._broken = False

    async def messages(self, first: int) -> AsyncGenerator[Sequence[Message]]:
        """Yield the messages from a sequence on, in order, until one is missed or the servers are silent.

        An empty sequence shows that the servers are there, and have no further message. Raises Unanswered, Forbidden or
        ApiRefused if the consumer cannot be created.
        """
        inbox = self._connection.new_inbox()
        unsubscribe = await self._connection.subscribe(inbox, self._receive)
        self._connection.on_reconnect.add(self._break)
        try:
            await self._api.create_consumer(_config(inbox, first))
            while await self._has_more():
                messages, self._queue = self._queue[:MAX_MESSAGES], self._queue[MAX_MESSAGES:]
                yield messages
                await self._ask_for_more()
        finally:
            self._connection.on_reconnect.discard(self._break)
            await unsubscribe()

    async def _has_more(self) -> bool:
        """Wait for a message or a heartbeat. Returns False if none came, or a message was missed."""
        if not self._queue and not self._broken:
            self._changed.clear()
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                return False
        return bool(self._queue) or not self._broken

    async def _ask_for_more(self) -> None:
        """Allow the servers to send more, if all that they sent was yielded."""
        if not self._queue:
            while self._go_ahead:
                await self._connection.publish(self._go_ahead.pop())

    def _break(self) -> None:
        self._broken = True
        self._changed.set()

    def _receive(self, message: PushedMessage) -> None:
        if self._broken:
            return
        if message.header.startswith(_STATUS):
            self._note_status(message)
        else:
            self._add(message)
        self._changed.set()

    def _note_status(self, message: PushedMessage) -> None:
        last = _LAST_DELIVERY.search(message.header)
        if not message.header.startswith(_CONTROL):  # such as 409: the consumer was deleted
            self._break()
        elif message.reply:
            self._go_ahead.add(message.reply)
        elif last and int(last[1]) != self._last_delivery:
            self._break()
        elif stalled := _STALLED.search(message.header):
            self._go_ahead.add(stalled[1].decode())

    def _add(self, message: PushedMessage) -> None:
        delivery, pushed = _pushed(message)
        if delivery == self._last_delivery + 1:
            self._last_delivery = delivery
            self._queue.append(pushed)
        else:
            self._break()


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


def _pushed(message: PushedMessage) -> tuple[int, Message]:
    """Return a message of the stream, and its number among those that were pushed: both are in its reply subject.

    It is `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<number>.<time>.<pending>`; newer servers may put domain and account
    before the stream, and a token behind (ADR-15).
    """
    tokens = message.reply.split(".")
    at = 5 if len(tokens) == 9 else 7
    sequence, delivery, stored_at_ns = map(int, tokens[at : at + 3])
    return delivery, Message(sequence, stored_at_ns, message.subject, message.payload)
