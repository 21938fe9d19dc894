"""Servers of the standard library that run in a thread of the test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any, Self


@contextmanager
def serving(handler: Callable[[Any, Any, ThreadingHTTPServer], BaseHTTPRequestHandler]) -> Iterator[str]:
    """Answer requests with a handler on a free port; yield the URL."""
    with ThreadedServer(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as server:
        yield server.url


class ThreadedServer:
    """A server that accepts connections in a thread from the beginning to the end of a `with` block."""

    def __init__(self, server: TCPServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{server.server_address[1]}"

    def release(self) -> None:
        """End the waiting of open connections; called before the end of the block waits for them."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self.release()
        self._server.server_close()
