"""A running server closes connections that send nothing, or too little, and goes on with the others."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack

from tests.support.server_process import ServerProcess
from tests.support.servers import start_server

GET = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


def opened(server: ServerProcess, first: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    client.sendall(first)
    return client


def read_to_the_end(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(65_536), b""))


def test_connections_that_wait_too_long_are_closed_together() -> None:
    with start_server("memory:") as server, ExitStack() as clients:
        began = time.monotonic()
        silent, half, served = (
            [clients.enter_context(opened(server, first)) for _ in range(20)] for first in (b"", GET[:30], GET)
        )
        assert {read_to_the_end(each) for each in silent} == {b""}
        assert {read_to_the_end(each).split()[1] for each in half} == {b"408"}
        assert {read_to_the_end(each).split()[1] for each in served} == {b"200"}
        assert time.monotonic() - began > 8, "They were closed too early."
        with opened(server, GET) as another:
            assert another.recv(65_536).startswith(b"HTTP/1.1 200")
