"""A WebSocket server of the `websockets` library, which sends what a correct server of ours never sends."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

SUBPROTOCOL: Final = Subprotocol("orders-events.v1.json")


class Peer:
    """One connection, as the server sees it."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        assert connection.request is not None
        self.path = connection.request.path

    def receive(self) -> dict[str, Any]:
        """Wait for the next message, and return it."""
        return dict(json.loads(self._connection.recv()))

    def send(self, *messages: object) -> None:
        """Send each message: a text or bytes as they are, another value as JSON."""
        for message in messages:
            self._connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    def close(self, code: int, reason: str = "") -> None:
        """Close with a code, also with one that only an application could use."""
        self._connection.close(code, reason)

    def cut(self) -> None:
        """End the TCP connection without a word of WebSocket."""
        self._connection.socket.close()

    def wait_for_end(self) -> list[dict[str, Any]]:
        """Receive until the client ends the connection; return the messages."""
        messages = []
        with suppress(ConnectionClosed):
            while True:
                messages.append(self.receive())
        return messages


@contextmanager
def socket_server(talk: Callable[[Peer], None]) -> Iterator[str]:
    """Serve WebSocket: `talk` is called with each connection, which is closed when it returns. Yield the URL of the stream."""

    def handle(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            talk(Peer(connection))

    with serve(handle, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL], compression=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}/events/orders"
        server.shutdown()
        thread.join()
