"""One WebSocket connection: it receives the client's messages, and ends the connection."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from app.access.client import Client, described_client
from app.access.principal import Principal
from app.events.delivery.timing.endings import TOKEN_EXPIRED
from app.events.publishing.turnstile import SMALL_BYTES
from app.server.take_over import DuplexConnection
from app.transports.compression.shared_deflate import Step
from app.transports.websocket.backlog import Backlog
from app.transports.websocket.client_requests import handle
from app.transports.websocket.errors import CloseCode, ConnectionFault
from app.transports.websocket.messages import server_messages
from app.transports.websocket.messages.frames import close_frame, text_frames
from app.transports.websocket.messages.incoming import Incoming
from app.transports.websocket.publications import Publications
from app.transports.websocket.sender import check_size
from app.transports.websocket.subscriptions import Subscriptions

if TYPE_CHECKING:
    from app.transports.websocket.sockets import Sockets

SLICE_BYTES: Final = 8 * 1024  # of received data: bounds the work before too many messages are noticed

_EXPIRED: Final = ConnectionFault(CloseCode.UNAUTHENTICATED, "The access token is no longer valid.")
_DRAIN: Final = ConnectionFault(CloseCode.DRAIN, "The server is about to stop; come back in a moment.")


class Session:
    """One WebSocket connection: the link between what the client sends and the parts of the server.

    `sockets`: what all connections share. `step`: what the client was sent in compressed messages; None if messages are not
    compressed. `client`: the sender of its messages. `connection`: set once, right after the switch to WebSocket.
    """

    __slots__ = (
        "_backlog",
        "_incoming",
        "_is_open",
        "_sockets",
        "client",
        "connection",
        "opened_at",
        "publications",
        "step",
        "subscriptions",
    )

    connection: DuplexConnection

    def __init__(self, sockets: Sockets, step: Step | None, client: Client) -> None:
        self._sockets = sockets
        self.step = step
        self.client = client
        self.opened_at = time.monotonic()
        self._incoming: Incoming | None = None  # while a message is received in part
        self._backlog: Backlog | None = None  # while messages wait
        self._is_open = True
        self.subscriptions = Subscriptions(self, sockets)
        self.publications: Publications | None = None  # while events are being published

    @property
    def principal(self) -> Principal:
        """What the access token of the client says."""
        return self.client.principal

    # Called by the server, as `Duplex` in `app/server/take_over.py` says

    def received(self, data: bytes) -> None:
        for start in range(0, len(data), SLICE_BYTES):
            if not self._is_open or (self._backlog is not None and self._backlog.is_complete):
                return
            self._receive(data[start : start + SLICE_BYTES])

    def writable(self) -> None:
        self.subscriptions.resume()

    def lost(self) -> None:
        self._leave()
        self._sockets.remove(self)

    # Called by the other parts of this transport

    def send(self, message: bytes) -> None:
        """Send a message that belongs to this connection alone. After the end of the connection, nothing is sent."""
        if self._is_open:
            self.connection.write(text_frames((message,)))
            self.note_silence()

    def refuse(self, error: Exception, numbers: dict[str, int]) -> None:
        """Answer a message with the problem that belongs to an error. `numbers`: see `server_messages.error`."""
        self.send(server_messages.error(numbers, self._sockets.problem(error, self.client)))

    def close(self, fault: ConnectionFault) -> None:
        """End the connection with a close code."""
        self._end(close_frame(fault), fault.code)

    def close_if_drained(self) -> None:
        """End the connection if the server is about to stop, and every subscription and publication of this client has ended.

        What was not received yet, because reading was paused, is received within a turn of the event loop, and is answered first.
        """
        if self._is_drained():
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._close_drained)

    def _close_drained(self) -> None:
        if self._is_drained():
            self.close(_DRAIN)

    def _is_drained(self) -> bool:
        is_idle = self.publications is None and self._backlog is None
        return self._sockets.is_draining and not self.subscriptions and is_idle

    def expire(self) -> None:
        """End the connection, because the access token of the client is no longer accepted."""
        self.subscriptions.end(TOKEN_EXPIRED)
        self.close(_EXPIRED)

    def note_silence(self) -> None:
        """Begin to wait for the time of a heartbeat, unless a subscription sends heartbeats."""
        if self._is_open and not self.subscriptions:
            self._sockets.silent.begin(self)

    # What the client sends

    def _receive(self, data: bytes) -> None:
        incoming = self._incoming
        if incoming is None:
            incoming = self._incoming = Incoming(self._sockets.message_bytes, is_compressed=self.step is not None)
        try:
            messages = incoming.receive(data)
            self._sockets.rates.count(self, incoming.take_count())
            for message in messages:
                self._take(message)
            check_size(self.principal, incoming.unfinished_bytes, self._sockets.contract.received_bytes_maximum)
        except ConnectionFault as fault:
            self.close(fault)
        if self._is_open:
            self._answer(incoming, has_finished=bool(messages))

    def _answer(self, incoming: Incoming, *, has_finished: bool) -> None:
        answers, is_end = incoming.take_answers()
        if is_end and self._backlog is not None:
            self._backlog.complete(partial(self._end, answers, incoming.refusal))
            return
        if is_end:
            self._end(answers, incoming.refusal)
            return
        if answers:
            self.connection.write(answers)
        if incoming.is_empty:
            self._release_incoming()
        self._sockets.unfinished.note(self, incoming.unfinished_bytes, has_finished=has_finished)

    def _take(self, text: bytes) -> None:
        """Handle a message, or let it wait if it is large or others wait. Raises ConnectionFault if the connection must end."""
        if self._backlog is not None:
            self._backlog.add(text)
        elif len(text) <= SMALL_BYTES:
            self._handle(text)
        elif self._is_open:
            self._backlog = Backlog(self._handle, self.connection, self._sockets.publisher.turnstile)
            self._backlog.add(text)
            self._sockets.run(self, self._catch_up(self._backlog))

    async def _catch_up(self, backlog: Backlog) -> None:
        try:
            await backlog.handle_all()
        except ConnectionFault as fault:
            self.close(fault)
        self._backlog = None
        if self.publications is None or not self.publications.are_full:
            self.connection.resume_reading()
        self.close_if_drained()

    def _handle(self, text: bytes) -> None:
        if self._is_open:
            handle(self, self._sockets, text)

    # The end of the connection

    def _end(self, last: bytes, code: int | None) -> None:
        """Send the last frame, unless the connection has ended. `code`: the close code in it if the server ends the connection, None
        if the client does.
        """
        if not self._is_open:
            return
        if code is not None:
            self._sockets.tally.close_websocket(int(code), described_client(self.client))
        self.connection.end(last)
        self._leave()

    def _leave(self) -> None:
        """Stop everything that belongs to the connection, except events that are being published."""
        if self._is_open:
            self._is_open = False
            self._release_incoming()
            self.subscriptions.leave()
            self._sockets.forget(self)

    def _release_incoming(self) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            incoming.release()
