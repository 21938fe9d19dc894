"""The network of the tests: a link passes everything, until it holds it back or is cut."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest

from tests.support.loopback_network import Network, loopback_network
from tests.support.ports import own_port
from tests.support.threaded import ThreadedServer

PATIENCE_SECONDS = 60


class Echo(BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(100):
            self.request.sendall(data)


@contextmanager
def linked() -> Iterator[tuple[Network, Callable[[], socket.socket]]]:
    """Yield a network and a function that connects to an echo server over its link from `one` to `other`."""
    with (
        ThreadingTCPServer(("127.0.0.1", 0), Echo) as server,
        ThreadedServer(server),
        loopback_network() as network,
    ):
        port = network.link("one", "other", own_port(), server.server_address[1])  # nobody listens at the first
        yield network, lambda: socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)


def echoed(connection: socket.socket, text: bytes) -> bytes:
    connection.sendall(text)
    return connection.recv(100)


def test_a_link_goes_to_the_server_that_listens() -> None:
    with linked() as (network, connect):
        for text in (b"a", b"b"):
            with connect() as connection:
                assert echoed(connection, text) == text
        assert network.connections("one", "other") == 2


@pytest.mark.parametrize("lose", [False, True])
def test_what_is_held_back_is_passed_on_later_or_lost(lose: bool) -> None:
    with linked() as (network, connect), connect() as connection:
        assert echoed(connection, b"before") == b"before"
        with network.hold(["other"], ["one"], lose=lose):
            connection.sendall(b"held")
            connection.setblocking(False)
            with pytest.raises(BlockingIOError):
                connection.recv(100)
            connection.settimeout(PATIENCE_SECONDS)
        assert _received(connection) == (b"" if lose else b"held")


def test_a_link_that_is_cut_breaks_its_connections_and_mends() -> None:
    with linked() as (network, connect), connect() as connection:
        assert echoed(connection, b"before") == b"before"
        with network.cut(["one"], ["other", "another"]):
            assert _received(connection) == b""
            with connect() as refused:
                assert _received(refused) == b""
        with network.cut(["one"], ["another"]), connect() as again:
            assert echoed(again, b"after") == b"after"


def _received(connection: socket.socket) -> bytes:
    """Return the next bytes; none if the connection is broken."""
    try:
        return connection.recv(100)
    except ConnectionError:
        return b""
