"""The ways in which a client can end its connection, for tests of what the server counts."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from tests.transports.http.orders import EVENTS
from tests.transports.http.wire import Wire, post, request
from tests.transports.websocket.raw_socket import RawSocket, close

_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time


def reset(wire: Wire) -> None:
    """End a connection with RST, as a process does that is killed with unread data."""
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    wire.socket.close()


def _open(wire: Wire, address: str, *headers: str, query: str = "", version: str = "1.1") -> None:
    wire.get(EVENTS + query, address, *headers, version=version)
    wire.until(b"\n")


def _leave(wire: Wire, address: str) -> None:
    _open(wire, address)


def _reset(wire: Wire, address: str) -> None:
    _open(wire, address)
    reset(wire)


def _reset_compressed(wire: Wire, address: str) -> None:
    _open(wire, address, "Accept-Encoding: gzip")
    reset(wire)


def _reset_replay(wire: Wire, address: str) -> None:
    _open(wire, address, query="?from=earliest")
    reset(wire)


def _leave_http_1_0(wire: Wire, address: str) -> None:
    _open(wire, address, version="1.0")


def _half_close(wire: Wire, address: str) -> None:
    _open(wire, address)
    wire.socket.shutdown(socket.SHUT_WR)
    wire.rest()


def _ask_and_reset(wire: Wire, address: str) -> None:
    wire.send(request(EVENTS, address))
    reset(wire)


def _ask_half_and_leave(wire: Wire, address: str) -> None:
    wire.send(request(EVENTS, address)[:-9])


def _ask_twice(wire: Wire, address: str) -> None:
    wire.send(request(EVENTS, address) * 2)
    wire.rest()


def _read_to_the_end(wire: Wire, address: str) -> None:
    wire.get(f"{EVENTS}?follow=false&lastEventId=nope", address)
    wire.chunks()
    wire.get(f"{EVENTS}?limit=1&from=earliest", address)
    wire.chunks()


def _begin_again(wire: Wire, address: str) -> None:
    wire.get(f"{EVENTS}?limit=1&from=earliest", address)
    wire.chunks()
    _open(wire, address)


def _ask_for_nothing_new(wire: Wire, address: str) -> None:
    assert wire.get(f"{EVENTS}?follow=false", address).status == 204


def _ask_for_the_head(wire: Wire, address: str) -> None:
    assert wire.get(EVENTS, address, method="HEAD").status == 200


def _leave_a_page_that_waits(wire: Wire, address: str) -> None:
    wire.send(request(f"{EVENTS}?wait=1", address, "Accept: application/json"))


def _publish_half(wire: Wire, address: str) -> None:
    wire.send(post(EVENTS, b"[]", address)[:-1])


def _say_nothing(wire: Wire, address: str) -> None:
    """End a connection on which nothing was sent."""


DISCONNECTS: Final[Mapping[str, Callable[[Wire, str], None]]] = {
    each.__name__.removeprefix("_"): each
    for each in (
        _leave,
        _reset,
        _reset_compressed,
        _reset_replay,
        _leave_http_1_0,
        _half_close,
        _ask_and_reset,
        _ask_half_and_leave,
        _ask_twice,
        _read_to_the_end,
        _begin_again,
        _ask_for_nothing_new,
        _ask_for_the_head,
        _leave_a_page_that_waits,
        _publish_half,
        _say_nothing,
    )
}
"""Functions that use a new connection and end it, or leave it to the caller to close it. The text is a header to send with requests."""


def _leave_socket(client: RawSocket) -> None:
    """End a connection without a closing handshake."""


def _reset_socket(client: RawSocket) -> None:
    client.say(type="subscribe", subscription=1)
    client.message()
    reset(client)


def _close_socket(client: RawSocket) -> None:
    client.say(type="subscribe", subscription=1)
    client.send(close(1000))
    client.rest()


SOCKET_DISCONNECTS: Final[Mapping[str, Callable[[RawSocket], None]]] = {
    each.__name__.removeprefix("_"): each for each in (_leave_socket, _reset_socket, _close_socket)
}
"""The same for WebSocket connections that are open."""


def disconnect(port: int, way: str, address: str) -> None:
    """Open a connection and end it in one of the ways. `address`: a header that names the client's address."""
    if way in SOCKET_DISCONNECTS:
        with RawSocket(port, headers=[address]) as client:
            SOCKET_DISCONNECTS[way](client)
    else:
        with Wire(port) as wire, suppress(ConnectionError):  # the server may be the first to reset the connection
            DISCONNECTS[way](wire, address)
