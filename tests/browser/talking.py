"""Foreign clients that hold a conversation over WebSocket: Chromium's `WebSocket`, the package `ws` in Node, and `websockets`."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Page
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.browser.watching import PATIENCE_SECONDS

HERE = Path(__file__).parent
PATH = "/events/orders/socket"
SUBPROTOCOL = "orders-events.v1.json"

Message = dict[str, Any]


class Talking(Protocol):
    """A client with an open connection."""

    @property
    def extensions(self) -> str:
        """What client and server have agreed on, such as permessage-deflate."""

    def say(self, message: Message) -> None:
        """Send a message."""

    def hear(self) -> Message:
        """Return the next message of the server, heartbeats too; `{"closed": code}` at the end of the connection."""

    def close(self) -> None:
        """Close the connection with the code 1000."""


def read(talking: Talking) -> Message:
    """Return the next message of the server that is not a heartbeat."""
    while (message := talking.hear()) == {"type": "heartbeat"}:
        pass
    return message


class PageTalking:
    """A page of the server's origin, with the `WebSocket` of the browser and no code of ours but this."""

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        page.evaluate(
            """([url, subprotocol]) => new Promise((resolve, reject) => {
                const messages = [], waiting = [];
                const put = (message) => (waiting.length ? waiting.shift()(message) : messages.push(message));
                const socket = new WebSocket(url, subprotocol);
                window.talking = { socket, next: () => messages.shift() ?? new Promise((resolve) => waiting.push(resolve)) };
                socket.onopen = () => resolve();
                socket.onerror = () => reject(new Error('The connection failed.'));
                socket.onmessage = ({ data }) => put(JSON.parse(data));
                socket.onclose = ({ code }) => put({ closed: code });
            })""",
            [url, SUBPROTOCOL],
        )

    @property
    def extensions(self) -> str:
        return str(self._page.evaluate("talking.socket.extensions"))

    def say(self, message: Message) -> None:
        self._page.evaluate("(text) => talking.socket.send(text)", json.dumps(message))

    def hear(self) -> Message:
        message: Message = self._page.evaluate("talking.next()")
        return message

    def close(self) -> None:
        self._page.evaluate("talking.socket.close(1000)")


class NodeTalking:
    """A process of Node that runs converse.mjs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        opened = self.hear()
        assert opened["opened"] == SUBPROTOCOL
        self.extensions: str = opened["extensions"]
        assert self.hear() == {"pong": "are you there?"}

    def say(self, message: Message) -> None:
        self._line(json.dumps(message))

    def hear(self) -> Message:
        message: Message = json.loads(self._lines.get(timeout=PATIENCE_SECONDS))
        return message

    def close(self) -> None:
        self._line("close")

    def _line(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)


class PythonTalking:
    """A connection of the package `websockets`."""

    def __init__(self, client: ClientConnection) -> None:
        self._client = client

    @property
    def extensions(self) -> str:
        return ",".join(each.name for each in self._client.protocol.extensions)

    def say(self, message: Message) -> None:
        self._client.send(json.dumps(message))

    def hear(self) -> Message:
        try:
            message: Message = json.loads(self._client.recv(PATIENCE_SECONDS))
        except ConnectionClosed as closed:
            if closed.rcvd is None:
                raise  # the server sent no close frame
            return {"closed": closed.rcvd.code}
        return message

    def close(self) -> None:
        self._client.close()


@contextmanager
def node_talking(node: str, url: str) -> Iterator[NodeTalking]:
    command = [node, str(HERE / "converse.mjs"), url, SUBPROTOCOL]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield NodeTalking(process)
        finally:
            process.kill()


@contextmanager
def python_talking(url: str) -> Iterator[PythonTalking]:
    with connect(url, subprotocols=[Subprotocol(SUBPROTOCOL)], proxy=None, max_size=None) as client:
        yield PythonTalking(client)
