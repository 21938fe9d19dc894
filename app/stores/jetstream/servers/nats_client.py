"""A client of nats-py, with what its own lacks: cheap subscriptions, a TLS that cannot be left out, and cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from nats import errors as nats_errors
from nats.aio.client import Client, Srv


class PushedMessage(NamedTuple):
    """A message as it came from a server: `header` begins with `NATS/1.0`, and is empty if the message has none."""

    subject: str
    reply: str
    payload: bytes
    header: bytes


class OutgoingMessage(NamedTuple):
    """A message as it is sent: `header` is the whole header, from `NATS/1.0` to the empty line."""

    subject: str
    header: bytes
    payload: bytes


class NatsClient(Client):
    """A client that passes messages of some subscriptions on at once, and sends nothing unencrypted if the URL is `tls://`.

    nats-py would parse the headers of each message, which take two thirds of the time and matter only when it is stored. To write
    the headers of a message takes it as long.
    """

    def __init__(self) -> None:
        super().__init__()
        self.receivers: dict[int, Callable[[PushedMessage], None]] = {}

    async def publish_all(self, messages: Iterable[OutgoingMessage]) -> None:
        """Send messages one after the other. Raises nats.errors.Error if the connection is interrupted."""
        if not self.is_connected:
            raise nats_errors.StaleConnectionError
        for subject, header, payload in messages:
            command = f"HPUB {subject} {len(header)} {len(header) + len(payload)}\r\n".encode()
            await self._send_command(b"%b%b%b\r\n" % (command, header, payload))
        await self._flush_pending()

    def forget_unsent(self) -> None:
        """Forget what was not sent before an interruption. nats-py would send it once it has another connection."""
        self._pending.clear()
        self._pending_data_size = 0

    async def _connect_to_server(self, s: Srv) -> None:
        """Connect to a server. nats-py does not close the connection of an attempt that failed before."""
        if self._transport:
            self._transport.close()  # type: ignore[no-untyped-call] # nats-py leaves it untyped
        await super()._connect_to_server(s)

    def _connect_command(self) -> bytes:
        server = self._current_server
        if server and server.uri.scheme == "tls" and not self._server_info.get("tls_required"):
            raise nats_errors.SecureConnWantedError
        return super()._connect_command()

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        self._pings_outstanding = 0  # the answer to a ping may be behind megabytes of messages
        receive = self.receivers.get(sid)
        if receive:
            receive(PushedMessage(subject.decode(), reply.decode(), data, headers or b""))
        else:
            await super()._process_msg(sid, subject, reply, data, headers)

    async def _flush_pending(self, force_flush: bool = False) -> Any:
        """Wait until a message can be sent. nats-py swallows a cancellation here, and its caller would wait for ever."""
        task = asyncio.current_task()
        cancelled = task.cancelling() if task else 0
        result = await super()._flush_pending(force_flush)
        if task and task.cancelling() > cancelled:
            raise asyncio.CancelledError
        return result
