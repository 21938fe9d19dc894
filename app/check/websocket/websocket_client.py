"""Speak WebSocket with the server under check, through the client of the library websockets."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from app.check.findings import CannotCheck, Finding, NotSeen, Violated
from app.check.foreign_json import read_json
from app.check.http.stream_blocks import OrderEvent
from app.check.request import excerpt
from app.check.target.received_items import Acknowledgement, Item, ReceivedItems
from app.check.target.target import Target
from app.check.websocket.published_socket import PublishedSocket
from app.check.websocket.socket_exchange import SocketExchange

MAX_BYTES: Final = (
    16 * 1024 * 1024
)  # of one message: a message of the server is larger than 512 KiB only if an event is
_TEMPORARY: Final = (1011, 1012, 1013)  # close codes that say nothing about the contract
_CUT: Final = 1006  # the code for a connection that ended without a close code
_NUMBER: Final = 1  # of the only subscription, and of the only publish, of a connection
_UNASKED: Final = frozenset({"heartbeat", "checkpoint", "gap", "events", "deprecation", "closing"})


class WebSocketClient:
    """A client of the WebSocket operation. Raises NotSeen if the published contract has no such operation."""

    def __init__(self, target: Target) -> None:
        if target.contract.socket is None:
            raise NotSeen("The contract has no operation openOrderEventsSocket.")
        self.contract: PublishedSocket = target.contract.socket
        self._seconds = target.options.timeout_seconds
        self._authorization = target.options.authorization
        self._url = f"{target.session.url.replace('http', 'ws', 1)}{self.contract.path}"
        self._certificates = target.options.certificates if self._url.startswith("wss:") else None

    @contextmanager
    def open(self, *, with_token: bool = True, answered_within: float | None = None) -> Iterator[Conversation]:
        """Open a connection for a `with` block. Raises Violated if the server refuses, CannotCheck if it does not answer.

        `with_token`: whether the request has the access token of the check, if there is one. `answered_within`: the seconds in which all
        answers must come; by default `--timeout-seconds`.
        """
        exchange = SocketExchange(self.contract.path, self.contract.subprotocol, ())
        try:
            connection = connect(
                self._url,
                subprotocols=[Subprotocol(self.contract.subprotocol)],
                ssl=self._certificates,
                compression=None,
                proxy=None,  # as for HTTP requests: no variable of the environment counts
                open_timeout=self._seconds,
                close_timeout=1,
                ping_interval=None,
                max_size=MAX_BYTES,
                user_agent_header="orders-events-check",
                additional_headers=self._authorization if with_token else None,
            )
        except InvalidStatus as refused:
            if refused.response.status_code == 503:
                raise CannotCheck("The server is not available for WebSocket (503).") from None
            promised = "The WebSocket operation opens a connection for a client that offers the subprotocol."
            raise Violated(Finding(promised, str(refused), exchange)) from None
        except (InvalidHandshake, OSError, EOFError) as error:
            raise CannotCheck(f"No WebSocket connection: {type(error).__name__}: {excerpt(error)}.") from None
        with connection:
            yield Conversation(connection, self.contract, answered_within or self._seconds)

    @contextmanager
    def subscribe(self, parameters: Mapping[str, Any]) -> Iterator[ReceivedItems]:
        with self.open() as conversation:
            conversation.send({"type": "subscribe", "subscription": _NUMBER, **parameters})
            yield ReceivedItems(conversation.exchange, lambda seconds: _item(conversation, seconds))

    def publish(self, event: Mapping[str, Any]) -> Acknowledgement:
        with self.open() as conversation:
            conversation.send({"type": "publish", "request": _NUMBER, "events": [event]})
            answer = conversation.answer()
        match answer:
            case {"type": "published", "request": 1, "events": [{"id": str(id), "duplicate": bool(duplicate)}]}:
                return Acknowledgement(id, duplicate, conversation.exchange)
        promised = "`published` with the number of the request, and with one result for each event."
        raise Violated(Finding(promised, excerpt(answer), conversation.exchange))

    def comparable(self, data: Any) -> Any:
        """Return the data of an event as they are: messages are JSON."""
        return data


class Conversation:
    """An open WebSocket connection.

    `seconds`: the time in which all answers must come.
    `close_code`: the code with which the server ended the connection; None while it is open.
    `message_bytes`: the size of the last message of the server.
    """

    def __init__(self, connection: ClientConnection, contract: PublishedSocket, seconds: float) -> None:
        self.close_code: int | None = None
        self._connection = connection
        self._contract = contract
        self._deadline = time.monotonic() + seconds
        self._sent: list[str | bytes] = []
        self.message_bytes = 0

    @property
    def exchange(self) -> SocketExchange:
        """What was sent so far."""
        return SocketExchange(self._contract.path, self._contract.subprotocol, tuple(self._sent))

    def send(self, message: Mapping[str, Any] | str | bytes, *, as_text: bool | None = None) -> None:
        """Send a message. If the server has ended the connection, nothing happens; `receive` returns None then.

        `as_text`: whether bytes are sent as text, which they need not be.
        """
        encoded = message if isinstance(message, str | bytes) else json.dumps(message)
        self._sent.append(encoded)
        try:
            self._connection.send(encoded, text=as_text)
        except ConnectionClosed as closed:
            self._note_end(closed)

    def receive(self, seconds: float | None = None) -> Mapping[str, Any] | None:
        """Return the next message; None if the server has ended the connection.

        `seconds`: how long to wait; by default, until the time for all answers is over. Raises TimeoutError after that, Violated
        if the message is not a JSON object, and CannotCheck if the connection ended for a temporary reason.
        """
        left = max(0.0, self._deadline - time.monotonic()) if seconds is None else seconds
        try:
            text = self._connection.recv(timeout=left)
        except ConnectionClosed as closed:
            self._note_end(closed)
            return None
        self.message_bytes = len(text.encode()) if isinstance(text, str) else len(text)
        try:
            message = read_json(text) if isinstance(text, str) else None
        except ValueError:
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            promised = "A message of the server is text: a JSON object with a `type`."
            raise Violated(Finding(promised, excerpt(text), self.exchange))
        return message

    def messages(self) -> Iterator[Mapping[str, Any]]:
        """Yield messages until the time for all answers is over, or the server ends the connection."""
        try:
            while (message := self.receive()) is not None:
                yield message
        except TimeoutError:
            return

    def answer(self) -> Mapping[str, Any] | None:
        """Return the next message that answers a message of the client; None if none comes.

        Messages of a type that the contract does not have are skipped, as every client must do.
        """
        answers = self._contract.sends.keys() - _UNASKED
        return next((message for message in self.messages() if message["type"] in answers), None)

    def _note_end(self, closed: ConnectionClosed) -> None:
        self.close_code = closed.rcvd.code if closed.rcvd else _CUT
        if self.close_code in _TEMPORARY:
            raise CannotCheck(f"The server ended a WebSocket connection with {self.close_code}.") from None


def _item(conversation: Conversation, seconds: float) -> Item | None:
    message = conversation.receive(seconds)
    if message is None:
        return None
    if message["type"] == "error":
        promised = "Every combination of valid parameters is answered."
        raise Violated(Finding(promised, excerpt(message), conversation.exchange))
    events = message.get("events")
    listed = events if message["type"] == "events" and isinstance(events, list) else []
    envelopes = [each if isinstance(each, dict) else {} for each in listed]
    return Item(message["type"], message, [*map(_order_event, envelopes)], envelopes, conversation.message_bytes)


def _order_event(event: Mapping[str, Any]) -> OrderEvent:
    return OrderEvent(str(event.get("id")), str(event.get("eventType")), json.dumps(event.get("data")))
