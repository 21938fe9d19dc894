"""Conversations over WebSocket, with the client library `websockets`: each message of the server must follow the contract."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from app.specification.contracts import load_contracts
from app.specification.document import load_document
from app.specification.openapi.statements.socket_contract import SocketContract
from tests.support.server_process import ServerProcess
from tests.transports.http.wire import PATIENCE_SECONDS
from tests.transports.websocket.raw_socket import PATH, SUBPROTOCOL

ROOT = Path(__file__).parents[3]

Message = dict[str, Any]


@cache
def contract() -> SocketContract:
    """Return the contract of the WebSocket operation, from the document of the working tree."""
    return load_document(ROOT, load_contracts(ROOT / "contracts")).socket


class Conversation:
    """An open connection: messages are sent and read as Python objects; heartbeats are counted and skipped."""

    def __init__(self, client: ClientConnection) -> None:
        self.client = client
        self.heartbeats = 0

    def say(self, type: str, /, **members: Any) -> None:
        """Send a message; `from_` is the member `from`."""
        self.send({"type": type, **{name.removesuffix("_"): each for name, each in members.items()}})

    def send(self, message: object) -> None:
        """Send any JSON value."""
        self.client.send(json.dumps(message))

    def ask(self, type: str, /, **members: Any) -> Message:
        """Send a message, and read the next one."""
        self.say(type, **members)
        return self.read()

    def read(self) -> Message:
        while True:
            message = follows_contract(self.client.recv(PATIENCE_SECONDS))
            if message["type"] != "heartbeat":
                return message
            self.heartbeats += 1

    def events(self, number: int, count: int) -> list[Message]:
        """Read messages until a subscription has got this many events; nothing else may come."""
        events: list[Message] = []
        while len(events) < count:
            message = self.read()
            assert (message["type"], message["subscription"]) == ("events", number), message
            assert message["lastEventId"] == message["events"][-1]["id"]
            events += message["events"]
        return events

    def close_code(self) -> int:
        """Read to the end of the connection. Returns the server's close code."""
        try:
            while True:
                follows_contract(self.client.recv(PATIENCE_SECONDS))
        except ConnectionClosed as closed:
            if closed.rcvd is None:
                raise  # the server sent no close frame
            return closed.rcvd.code


def follows_contract(text: str | bytes) -> Message:
    assert isinstance(text, str)
    message: Message = json.loads(text)
    assert contract().sends[message["type"]].violations(message, 5) == ([], 0)
    return message


@contextmanager
def conversation(server: ServerProcess, **options: Any) -> Iterator[Conversation]:
    """Open a connection, and close it at the end."""
    url = f"ws://127.0.0.1:{server.port}{PATH}"
    with connect(url, subprotocols=[Subprotocol(SUBPROTOCOL)], proxy=None, max_size=None, **options) as client:
        yield Conversation(client)
