"""A proxy whose open connections can stop passing bytes without being closed, as when a network loses a route."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

CHUNK = 65_536


class HangingProxy:
    """A proxy that forwards TCP to a port of this machine; a context manager."""

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[tuple[socket.socket, threading.Event]] = []
        self._threads: list[threading.Thread] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def connections(self) -> int:
        """How many connections are open at one end at least."""
        _accepting, *forwarding = self._threads
        return sum(thread.is_alive() for thread in forwarding) // 2

    def hang(self) -> None:
        """Pass no more bytes on the connections that are open now; they stay open."""
        for _, hangs in self._open:
            hangs.set()

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for each, _ in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *(each for each, _ in self._open)):
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(self._to)
                hangs = threading.Event()
                self._open += [(here, hangs), (there, hangs)]
                self._start(_forward, here, there, hangs)
                self._start(_forward, there, here, hangs)

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()


def _forward(source: socket.socket, target: socket.socket, hangs: threading.Event) -> None:
    """Pass bytes on until the source ends; once `hangs` is set, drop them and the end too."""
    with suppress(OSError):
        while data := source.recv(CHUNK):
            if not hangs.is_set():
                target.sendall(data)
    if not hangs.is_set():
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
