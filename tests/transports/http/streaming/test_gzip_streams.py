"""Streams for clients that accept gzip: one gzip file, readable event by event, with the bytes of the plain stream in it."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from secrets import token_hex

import httpx
import pytest

from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import (
    EVENTS,
    cancelled,
    eventually,
    frames,
    metric,
    new_order,
    order_events,
    publish,
    shipped,
)
from tests.transports.http.wire import Head, Wire

GZIP = "Accept-Encoding: gzip"
CLOSING = b'event: stream.closing\ndata: {"reason":"%b"}\n\n'


class Compressed(Wire):
    """A connection that decompresses a stream write by write. The decoder is zlib's; at the end it checks CRC and length."""

    def open(self, query: str = "", *headers: str) -> Head:
        self._decoder = zlib.decompressobj(31)
        head = self.get(f"{EVENTS}?{query}", GZIP, *headers)
        assert head.status == 200
        assert head.all("content-encoding") == ["gzip"]
        return head

    def written(self) -> bytes:
        """Decompress one write: everything that is in it must come out."""
        plain = self._decoder.decompress(self.chunk())
        assert self._decoder.unused_data == b""
        return plain

    def event(self) -> bytes:
        """Return the next write that is not a heartbeat."""
        while (plain := self.written()) == b":\n":
            pass
        return plain

    def to_the_end(self) -> bytes:
        """Return everything up to the end of the stream."""
        plain = b""
        while chunk := self.chunk():
            plain += self._decoder.decompress(chunk)
        assert self._decoder.eof
        return plain


@pytest.fixture
def compressed(server: ServerProcess) -> Iterator[Compressed]:
    with Compressed(server.port) as wire:
        yield wire


def plain(server: ServerProcess, query: str) -> bytes:
    """Read a finite stream without compression."""
    with Wire(server.port) as wire:
        assert wire.get(f"{EVENTS}?{query}").all("content-encoding") == []
        return wire.chunks()


def without_retry(stream: bytes) -> bytes:
    """Leave out the first line, which is another one in each stream."""
    return stream.partition(b"\n")[2]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, []),
        ("", []),
        ("gzip", ["gzip"]),
        ("GZip", ["gzip"]),
        ("gzip, deflate, br, zstd", ["gzip"]),
        ("br;q=1.0, gzip;q=0.1", ["gzip"]),
        ("*", ["gzip"]),
        ("*;q=0.5, identity;q=0.2", ["gzip"]),
        ("identity;q=0", []),
        ("identity;q=0, *", ["gzip"]),
        ("gzip;q=0", []),
        ("gzip;q=0, *", []),
        ("*;q=0", []),
        ("identity, gzip;q=0.5", []),
        ("identity;q=0.5, gzip;q=0.5", ["gzip"]),
        ("br", []),
        ("gzip;q=2", []),
    ],
)
def test_client_that_accepts_gzip_is_sent_gzip(
    server: ServerProcess, method: str, accepted: str | None, coding: list[str]
) -> None:
    with Wire(server.port) as wire:
        head = wire.get(EVENTS, *([] if accepted is None else [f"Accept-Encoding: {accepted}"]), method=method)
    assert head.status == 200
    assert head.all("content-encoding") == coding
    assert head.all("vary") == ["Accept-Encoding"]
    assert head.one("cache-control") == "no-store, no-transform"


def test_two_headers_are_one_list(server: ServerProcess) -> None:
    with Wire(server.port) as wire:
        assert wire.get(EVENTS, "Accept-Encoding: br", GZIP).all("content-encoding") == ["gzip"]


def test_each_write_can_be_read_at_once(compressed: Compressed, http: httpx.Client) -> None:
    order = new_order()
    compressed.open(f"orderId={order}")
    assert b"event: stream.checkpoint\n" in compressed.event()
    for number in range(50):
        event = (shipped, cancelled)[number % 2](order)
        (event_id,) = publish(http, event)
        assert compressed.event().startswith(f"id: {event_id}\nevent: {event['eventType']}\ndata: ".encode())


def test_silent_stream_is_sent_a_compressed_heartbeat(compressed: Compressed) -> None:
    compressed.open(f"orderId={new_order()}")
    compressed.written()
    assert re.fullmatch(rb":\n|id: [0-9A-Za-z_-]+\nevent: stream\.checkpoint\ndata: \{\}\n\n", compressed.written())


def test_readers_that_joined_at_five_moments_read_everything_in_order(
    server: ServerProcess, http: httpx.Client
) -> None:
    order = new_order()
    ids = publish(http, shipped(order))
    with ExitStack() as opened:
        readers: list[tuple[Compressed, list[str]]] = []
        for _ in range(5):
            reader = opened.enter_context(Compressed(server.port))
            reader.open(f"orderId={order}&limit=60&lastEventId={ids[-1]}")
            assert b"stream.checkpoint" in reader.event()
            readers.append((reader, []))
            for _ in range(12):
                (event_id,) = publish(http, shipped(order))
                ids.append(event_id)
                for wire, seen in readers:
                    seen.append(order_events(frames(wire.event().decode()))[0][0] or "")
        for number, (_, seen) in enumerate(readers):
            assert seen == ids[1 + 12 * number :]
        assert readers[0][0].to_the_end() == CLOSING % b"limit"


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("ending", ["follow=false", "limit=40"])
def test_finite_stream_is_a_whole_gzip_file(
    server: ServerProcess, http: httpx.Client, version: str, ending: str
) -> None:
    order = new_order()
    for _ in range(40):
        publish(http, shipped(order))
    query = f"from=earliest&orderId={order}&{ending}"
    with Wire(server.port) as wire:
        wire.get(f"{EVENTS}?{query}", GZIP, version=version)
        body = wire.chunks() if version == "1.1" else wire.rest()
    assert without_retry(gzip.decompress(body)) == without_retry(plain(server, query))
    assert len(body) < len(gzip.decompress(body)) / 2


def test_stream_with_a_gap_is_a_whole_gzip_file(compressed: Compressed) -> None:
    compressed.open(f"lastEventId=nope&follow=false&orderId={new_order()}")
    stream = compressed.to_the_end()
    assert b"event: stream.gap\n" in stream
    assert stream.endswith(CLOSING % b"end")


def test_connection_is_used_again_after_a_finite_stream(compressed: Compressed, http: httpx.Client) -> None:
    order = new_order()
    publish(http, shipped(order))
    for _ in range(3):
        compressed.open(f"from=earliest&follow=false&orderId={order}")
        assert compressed.to_the_end().endswith(CLOSING % b"end")


def test_response_without_a_body_has_no_coding(server: ServerProcess) -> None:
    with Wire(server.port) as wire:
        head = wire.get(f"{EVENTS}?follow=false", GZIP)
    assert head.status == 204
    assert head.all("content-encoding") == []


def test_slow_reader_misses_nothing(server: ServerProcess, http: httpx.Client) -> None:
    order = new_order()
    (first,) = publish(http, shipped(order))
    with Compressed(server.port, receive_buffer=4096) as slow:
        slow.open(f"orderId={order}&lastEventId={first}")
        ids: list[str] = []

        def publish_until_it_lags() -> bool:
            ids.extend(
                publish(http, *(cancelled(order, token_hex(240)) for _ in range(1000)))
            )  # deflate cannot shrink it much
            return metric(http, "orders_events_stream_lag_events") > 0

        assert eventually(publish_until_it_lags)
        ids += publish(http, shipped(order))
        seen: list[str | None] = []
        while len(seen) < len(ids):
            seen += [event_id for event_id, _ in order_events(frames(slow.event().decode()))]
        assert seen == ids


def test_drain_ends_every_gzip_file() -> None:
    with (
        ServerProcess("--store", "memory:", *QUICK) as server,
        httpx.Client(base_url=server.url) as http,
        ExitStack() as opened,
    ):
        readers = []
        for _ in range(20):
            reader = opened.enter_context(Compressed(server.port))
            reader.open()
            reader.event()
            readers.append(reader)
            publish(http, shipped())
        server.terminate()
        for reader in readers:
            assert reader.to_the_end().endswith(CLOSING % b"drain")


def test_compression_can_be_turned_off() -> None:
    with ServerProcess("--store", "memory:", "--compression", "off") as server, Wire(server.port) as wire:
        head = wire.get(EVENTS, GZIP)
        assert head.all("content-encoding") == head.all("vary") == []
        assert b"stream.checkpoint" in wire.chunk()
