"""Many subscribers that cost a test little: plain sockets, drained by one thread, in which only the last bytes are looked at."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

PATIENCE_SECONDS = 120
_LAST_BYTES = 10_000  # more than the last request


class Watched:
    """The sockets of subscribers, and the end of what each has received."""

    def __init__(self) -> None:
        self._ends: dict[socket.socket, bytes] = {}
        self._changed = threading.Condition()

    def receive(self, connection: socket.socket) -> bool:
        """Read the bytes that a socket has received. Return False if its connection has ended."""
        data = connection.recv(1 << 20)
        with self._changed:
            self._ends[connection] = (self._ends.get(connection, b"") + data)[-_LAST_BYTES:]
            self._changed.notify_all()
        return bool(data)

    def wait_for(self, identifier: str) -> None:
        """Wait until every subscriber has received the event with an id, of which little may have followed."""
        wanted = f"id: {identifier}\n".encode()
        with self._changed:
            assert self._changed.wait_for(lambda: self._have(wanted), PATIENCE_SECONDS), f"{identifier} did not come."

    def wait_for_streams(self) -> None:
        """Wait until every stream has begun."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._have(b"id: "), PATIENCE_SECONDS), "A stream did not begin."

    def add(self, connection: socket.socket) -> None:
        self._ends[connection] = b""

    def _have(self, wanted: bytes) -> bool:
        return all(wanted in end for end in self._ends.values())


@contextmanager
def watching(port: int, path: str, count: int) -> Iterator[Watched]:
    """Open streams of a server on loopback from now on, and drain them until the end of the block."""
    watched = Watched()
    stop, ended = socket.socketpair()
    with ExitStack() as opened:
        selector = opened.enter_context(selectors.DefaultSelector())
        selector.register(opened.enter_context(ended), selectors.EVENT_READ)
        for _ in range(count):
            connection = opened.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS))
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            watched.add(connection)
            selector.register(connection, selectors.EVENT_READ)
        thread = threading.Thread(target=_drain, args=(selector, watched, ended))
        thread.start()
        try:
            watched.wait_for_streams()
            yield watched
        finally:
            stop.close()
            thread.join()


def _drain(selector: selectors.BaseSelector, watched: Watched, ended: socket.socket) -> None:
    while True:
        for key, _ in selector.select():
            if key.fileobj is ended:
                return
            assert isinstance(key.fileobj, socket.socket)
            if not watched.receive(key.fileobj):
                selector.unregister(key.fileobj)
