"""A proxy on loopback, in front of a server that may stop and start, which breaks connections when a test wants it."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from tests.support.threaded import ThreadedServer

CHUNK_BYTES = 16_384
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST instead of FIN


class CuttingProxy(ThreadedServer):
    """A proxy that breaks each connection after some bytes of its responses.

    `port`: the server's port.
    `allowed`: called for each connection; returns how many bytes to pass, or None for all.
    `how`: `close` ends the connection as if everything had been sent, `reset` breaks it with an error, `hold` leaves it open and silent.
    """

    def __init__(
        self, port: int, allowed: Callable[[], int | None], how: Literal["close", "reset", "hold"] = "close"
    ) -> None:
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        server.daemon_threads = False  # so that closing waits for the connections
        super().__init__(server)
        self.target = port
        self.broken = 0
        self._allowed = allowed
        self._counting = (
            threading.Lock()
        )  # each connection has a thread, and the random numbers must be drawn in one order
        self._how = how
        # `close` does not close a socket that another thread still reads: it wakes that thread and sends nothing to the peer.
        self._ends_with = socket.SHUT_RD if how == "reset" else socket.SHUT_RDWR
        self._closing = threading.Event()
        self._open: set[socket.socket] = set()

    def release(self) -> None:
        """Break all open connections."""
        self._closing.set()
        for each in list(self._open):
            _end(each)

    def _handler(self) -> type[socketserver.BaseRequestHandler]:
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                proxy._serve(self.request)

        return Handler

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.target)) as server:
            self._open |= {client, server}
            requests = threading.Thread(target=_pass_on, args=(client, server))
            requests.start()
            try:
                self._answer(server, client)
            finally:
                _end(server)
                _end(client, self._ends_with)
                requests.join()
                client.close()
                self._open -= {client, server}

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with self._counting:
            left = self._allowed()
        while chunk := server.recv(CHUNK_BYTES):
            client.sendall(chunk[:left])
            if left is not None and len(chunk) >= left:
                self._break(client)
                return
            left = None if left is None else left - len(chunk)

    def _break(self, client: socket.socket) -> None:
        with self._counting:
            self.broken += 1
        if self._how == "hold":
            self._closing.wait()
        if self._how == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def _pass_on(client: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):
        while chunk := client.recv(CHUNK_BYTES):
            server.sendall(chunk)
    _end(server)  # the client has gone, so the server must end its stream


def _end(each: socket.socket, how: int = socket.SHUT_RDWR) -> None:
    with suppress(OSError):
        each.shutdown(how)
