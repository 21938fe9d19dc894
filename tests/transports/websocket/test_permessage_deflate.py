"""Compressed messages (permessage-deflate, RFC 7692): agreed, right for every client, the same bytes for all, and bounded."""

from __future__ import annotations

import json
import zlib
from typing import Any

import httpx
import pytest

from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled, new_order, publish, shipped
from tests.transports.websocket.conversations import conversation
from tests.transports.websocket.raw_socket import CONTINUATION, PING, TEXT, RawSocket, frame

OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
AGREED = "permessage-deflate; client_no_context_takeover"
PLAIN, COMPRESSED = 0x80 | TEXT, 0xC0 | TEXT
MEGABYTE = 1024 * 1024


class Compressed(RawSocket):
    """A connection with permessage-deflate, and its decompressor: zlib, with one window for all messages."""

    def __init__(self, port: int) -> None:
        super().__init__(port, headers=[OFFER])
        assert self.opened.one("sec-websocket-extensions") == AGREED
        self._decompressor = zlib.decompressobj(-15)

    def next(self) -> tuple[dict[str, Any], bytes | None]:
        """Return the next message, and its payload as it was sent if that is compressed."""
        while True:
            first, payload = self.frame()
            if payload == b'{"type":"heartbeat"}':
                continue
            if first == PLAIN:
                return json.loads(payload), None
            assert first == COMPRESSED
            return json.loads(self._decompressor.decompress(payload + b"\0\0\xff\xff")), payload

    def subscribe(self, number: int, **members: Any) -> None:
        self.say(type="subscribe", subscription=number, **members)
        message, payload = self.next()
        assert (message["type"], payload) == ("checkpoint", None)


def deflated(text: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")


@pytest.mark.parametrize(
    ("offer", "agreed"),
    [
        ("permessage-deflate", AGREED),
        ("permessage-deflate; client_max_window_bits", AGREED),
        ("permessage-deflate; client_max_window_bits=10", f"{AGREED}; client_max_window_bits=10"),
        ("permessage-deflate; client_no_context_takeover", AGREED),
        ("permessage-deflate; server_max_window_bits=15", f"{AGREED}; server_max_window_bits=15"),
        ("permessage-deflate; server_max_window_bits=13", f"{AGREED}; server_max_window_bits=13"),
        ("permessage-deflate; server_max_window_bits=12", None),
        ("permessage-deflate; server_max_window_bits=8", None),
        ("permessage-deflate; server_max_window_bits", None),
        ("permessage-deflate; server_no_context_takeover", None),
        ("permessage-deflate; server_no_context_takeover, permessage-deflate", AGREED),
        ("permessage-deflate; server_no_context_takeover, x-other, permessage-deflate", AGREED),
        ("permessage-deflate; unknown", None),
        ("permessage-deflate; client_no_context_takeover=1", None),
        ("permessage-deflate; client_no_context_takeover; client_no_context_takeover", None),
        ("permessage-bzip2", None),
        ("permessage-deflate,,;", None),
        ('"', None),
        ("", None),
        (None, None),
    ],
)
def test_offer_is_accepted_if_messages_can_be_shared(
    server: ServerProcess, offer: str | None, agreed: str | None
) -> None:
    with RawSocket(server.port, headers=[] if offer is None else [f"Sec-WebSocket-Extensions: {offer}"]) as client:
        assert client.opened.all("sec-websocket-extensions") == ([] if agreed is None else [agreed])
        client.say(type="ping")
        assert client.message() == {"type": "pong"}


def test_compression_can_be_turned_off() -> None:
    with (
        ServerProcess("--store", "memory:", *QUICK, "--compression", "off") as server,
        RawSocket(server.port, headers=[OFFER]) as client,
    ):
        assert client.opened.all("sec-websocket-extensions") == []
        client.send(frame(TEXT, deflated(b'{"type":"ping"}'), reserved=4))
        assert client.close_code() == 1002


def test_events_are_compressed_once_and_are_the_same_bytes_for_all(server: ServerProcess, http: httpx.Client) -> None:
    order = new_order()
    with Compressed(server.port) as early, Compressed(server.port) as late:
        early.subscribe(1, orderId=[order])
        ids = publish(http, *(cancelled(order) for _ in range(20)))
        (message, _) = early.next()
        late.subscribe(1, orderId=[order], lastEventId=ids[0])
        late.next()
        late.say(type="ping")  # the answer is plain, and changes nothing of what follows
        assert late.next() == ({"type": "pong"}, None)
        sizes, shared = [], []
        for _ in range(50):
            (id,) = publish(http, shipped(order))
            (message, payload), (other, other_payload) = early.next(), late.next()
            assert message == other
            assert message["lastEventId"] == id
            assert payload is not None
            sizes.append(len(payload) / len(json.dumps(message, separators=(",", ":"))))
            shared.append(payload == other_payload)
        assert sum(sizes) / len(sizes) < 0.5
        assert shared[-20:] == [True] * 20  # once both were sent the same last 2 KB


def test_messages_of_several_subscriptions_and_sizes_are_decompressed_in_their_order(
    server: ServerProcess, http: httpx.Client
) -> None:
    order = new_order()
    sizes = (1, 1, 700, 1, 256, 1, 40, 1)
    with Compressed(server.port) as client:
        for number in (1, 2, 32):
            client.subscribe(number, orderId=[order])
        expected: list[str] = []
        read: dict[int, list[str]] = {1: [], 2: [], 32: []}
        kinds: set[bool] = set()
        for size in sizes:
            expected += publish(http, *(cancelled(order, "ä😀\u2028" * 60) for _ in range(size)))
            while any(len(ids) < len(expected) for ids in read.values()):
                message, payload = client.next()
                read[message["subscription"]] += [each["id"] for each in message["events"]]
                kinds.add(payload is None)
        assert read == dict.fromkeys(read, expected)
        assert kinds == {True, False}  # large pages are not compressed


def test_library_that_agrees_by_itself_reads_a_replay_and_what_follows(
    server: ServerProcess, http: httpx.Client
) -> None:
    order = new_order()
    ids = publish(http, *(shipped(order) for _ in range(900)))
    with conversation(server) as talk:
        assert [each.name for each in talk.client.protocol.extensions] == ["permessage-deflate"]
        talk.ask("subscribe", subscription=7, orderId=[order], from_="earliest")
        for _ in range(30):
            ids += publish(http, shipped(order))
        assert [each["id"] for each in talk.events(7, len(ids))] == ids


@pytest.mark.parametrize("fragments", [1, 3])
def test_compressed_message_of_a_client_is_read(server: ServerProcess, fragments: int) -> None:
    sent = deflated(b'{"type":"ping","request":5}')
    size = -(-len(sent) // fragments)
    with Compressed(server.port) as client:
        for _ in range(3):
            for index in range(fragments):
                part = sent[index * size : (index + 1) * size]
                is_last = index == fragments - 1
                client.send(frame(CONTINUATION if index else TEXT, part, reserved=0 if index else 4, fin=is_last))
                client.send(frame(PING))
            client.say(type="ping")  # not compressed
        pongs = [each for each in (client.frame() for _ in range(3 * (fragments + 2))) if each.first == PLAIN]
        assert [each.payload for each in pongs] == [b'{"type":"pong","request":5}', b'{"type":"pong"}'] * 3


BOMB = deflated(b'{"type":"publish","request":1,"events":[' + b" " * (9 * MEGABYTE))
FITTING = deflated(b'{"type":"publish","request":1,"events":[]' + b" " * (8 * MEGABYTE - 100) + b"}")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, BOMB, reserved=4), 1009),
        (frame(TEXT, BOMB, reserved=4, fin=False), 1009),
        (frame(TEXT, BOMB[:4000], reserved=4, fin=False) + frame(CONTINUATION, BOMB[4000:]), 1009),
        (frame(TEXT, FITTING, reserved=4) * 10, 4429),
        (frame(TEXT, deflated(b" " * 200_000), reserved=4), 4400),
        (frame(TEXT, b"\xff" * 100, reserved=4), 1002),
        (frame(TEXT, BOMB[:100], reserved=4), 1002),
        (frame(TEXT, deflated(b"\xff"), reserved=4), 1007),
        (frame(PING, b"x", reserved=4), 1002),
        (frame(TEXT, b"{", fin=False) + frame(CONTINUATION, deflated(b"}"), reserved=4), 1002),
    ],
    ids=["bomb", "bomb in a fragment", "bomb in two", "ten bombs that fit", "spaces", "not deflate", "cut", "not UTF-8", "ping", "continuation"],
)  # fmt: skip
def test_hostile_compressed_message_ends_the_connection(server: ServerProcess, sent: bytes, code: int) -> None:
    with Compressed(server.port) as client:
        client.send(sent)
        assert client.close_code() == code
