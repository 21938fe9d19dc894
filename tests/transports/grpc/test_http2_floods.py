"""Hostile use of HTTP/2: each flood ends or is bounded, it does not fill the memory, and other streams do not notice it."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

import pytest

from tests.support.server_process import ServerProcess
from tests.transports.grpc.http2 import (
    CANCEL,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    ENHANCE_YOUR_CALM,
    GOAWAY,
    HEADERS,
    LARGEST_FRAME,
    PING,
    REFUSED_STREAM,
    RST_STREAM,
    SETTINGS,
    Connection,
    ends,
    frame,
    headers,
    message,
    repeated,
)

pytestmark = pytest.mark.usefixtures("undisturbed")

SUBSCRIBE = message(b"")


def test_a_client_that_sends_more_than_the_window_allows_is_disconnected(connection: Connection) -> None:
    connection.call(1, "PublishStream", message(b"", declared=2**30))
    assert ends(connection, repeated(frame(DATA, 0, 1, b"x" * LARGEST_FRAME), 2**30))


def test_continuations_without_content_end_the_connection(connection: Connection) -> None:
    connection.send(frame(HEADERS, 0, 1, headers("Publish")))
    assert ends(connection, repeated(frame(CONTINUATION, 0, 1, b""), 2**24))


def test_streams_that_are_reset_at_once_do_not_fill_the_memory(connection: Connection) -> None:
    block, reset = headers("Subscribe"), struct.pack(">I", CANCEL)

    def flood() -> Iterator[bytes]:
        for stream in range(1, 20_000, 2):
            yield frame(HEADERS, END_HEADERS, stream, block)
            yield frame(DATA, END_STREAM, stream, SUBSCRIBE)
            yield frame(RST_STREAM, 0, stream, reset)

    ends(connection, flood())


def test_more_streams_than_allowed_are_refused_and_the_others_live(connection: Connection) -> None:
    for stream in range(1, 401, 2):
        connection.call(stream, "Subscribe", SUBSCRIBE, END_STREAM)
    refused = list(islice(connection.frames(RST_STREAM), 100))
    assert {each.error for each in refused} == {REFUSED_STREAM}
    assert {each.stream for each in refused} == set(range(201, 401, 2))
    alive = {each.stream for each in islice(connection.frames(DATA), 400)}
    assert alive == set(range(1, 201, 2))


def test_a_flood_of_pings_ends_the_connection(connection: Connection) -> None:
    with suppress(ConnectionError):
        for _ in range(100):
            connection.send(frame(PING, 0, 0, b"question") * 10)
    last = next(connection.frames(GOAWAY))
    assert last.payload[8:] == b"too_many_pings"
    assert last.error == ENHANCE_YOUR_CALM


def test_answers_that_nobody_reads_do_not_fill_the_memory(connection: Connection) -> None:
    connection.socket.settimeout(2)
    ends(connection, repeated(frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65_535)), 2**28))


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(509),  # the beginning of TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 1000,
    ],
    ids=["HTTP/1.1", "TLS", "a frame of 16 MB"],
)
def test_what_is_not_http2_ends_the_connection(server: ServerProcess, garbage: bytes) -> None:
    host, _, port = server.grpc_address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as opened:
        opened.sendall(garbage)
        with suppress(ConnectionError):
            while opened.recv(65_536):
                pass
