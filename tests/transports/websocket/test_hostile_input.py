"""Clients that break the rules on purpose: the right close code, bounded memory, and other subscribers are served meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import NamedTuple

import httpx
import pytest

from tests.support.server_process import ServerProcess
from tests.support.servers import resident_bytes
from tests.transports.http.orders import eventually, new_order, publish, shipped
from tests.transports.http.wire import Wire
from tests.transports.websocket.conversations import Conversation, conversation
from tests.transports.websocket.raw_socket import CONTINUATION, PING, PONG, TEXT, RawSocket, frame, opening

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the server's memory is read from /proc")

MEGABYTE = 1024 * 1024
CROWD = 20  # connections that do the same at once
ASK = b'{"type":"ping"}'
UNFINISHED_BYTES = 64 * MEGABYTE  # of all connections together
LARGEST_BYTES = 8 * MEGABYTE  # a publish
FITTING = UNFINISHED_BYTES // LARGEST_BYTES
HELD_BYTES = 3 * UNFINISHED_BYTES  # of memory: freed buffers leave holes between those in use


class Bystander:
    """A subscriber of an order, beside clients that break the rules."""

    def __init__(self, talk: Conversation, http: httpx.Client) -> None:
        self._talk = talk
        self._http = http
        self._order = new_order()
        assert talk.ask("subscribe", subscription=1, orderId=[self._order])["type"] == "checkpoint"

    def gets_the_next_event(self) -> None:
        (id,) = publish(self._http, shipped(self._order))
        (event,) = self._talk.events(1, 1)
        assert event["id"] == id


@pytest.fixture
def bystander(server: ServerProcess, http: httpx.Client) -> Iterator[Bystander]:
    with conversation(server) as talk:
        bystander = Bystander(talk, http)
        yield bystander
        bystander.gets_the_next_event()


@contextmanager
def memory_bounded(server: ServerProcess, growth_bytes: int) -> Iterator[None]:
    before = resident_bytes(server.pid)
    yield
    assert resident_bytes(server.pid) - before < growth_bytes


@contextmanager
def crowd(server: ServerProcess, count: int = CROWD) -> Iterator[list[RawSocket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(RawSocket(server.port)) for _ in range(count)]


class Attack(NamedTuple):
    """What each client of a crowd sends, and the code with which the server ends its connection."""

    sent: bytes
    code: int


text = partial(frame, TEXT)

ATTACKS = {
    "frames without a mask": Attack(text(ASK, is_masked=False) * 1000, 1002),
    "1 GB declared": Attack(text(b"x" * 1000, declared=2**30), 1009),
    "9 EB declared": Attack(text(b"x" * 1000, declared=2**63 - 1), 1009),
    "more than a 63-bit length declared": Attack(text(b"x" * 1000, declared=2**64 - 1), 1009),
    "1 GB declared for a fragment": Attack(
        text(b"x", fin=False) + frame(CONTINUATION, b"x" * 1000, declared=2**30), 1009
    ),
    "8 MiB declared beside 1 MiB of fragments": Attack(
        text(b" " * MEGABYTE, fin=False) + frame(CONTINUATION, b"x" * 1000, declared=LARGEST_BYTES), 1009
    ),
    "1 MiB that is not UTF-8": Attack(text(b"\xff" * MEGABYTE), 1007),
    "1 MiB that is not UTF-8 in its last byte": Attack(text(b" " * MEGABYTE + b"\xce"), 1007),
    "ping of 126 bytes": Attack(frame(PING, b"x" * 126) * 100, 1002),
    "close of 126 bytes": Attack(frame(8, b"\x03\xe8" + b"x" * 124), 1002),
    "compressed text, not agreed": Attack(text(b"\xaa\x56" * 1000, reserved=4), 1002),
    "60,000 open brackets": Attack(text(b"[" * 60_000), 4400),
    "1 MiB of open brackets": Attack(text(b"[" * MEGABYTE), 1009),
    "1 MiB in one string": Attack(text(b'{"type":"ping","x":"%b"}' % (b"x" * MEGABYTE)), 1009),
    "digits without end": Attack(text(b'{"type":"ping","request":%b}' % (b"9" * 60_000)), 4400),
    "10,000 pings as messages": Attack(text(ASK) * 10_000, 4429),
    "10,000 pings as frames": Attack(frame(PING, b"x") * 10_000, 4429),
    "10,000 pongs": Attack(frame(PONG) * 10_000, 4429),
    "10,000 subscriptions": Attack(text(b'{"type":"subscribe","subscription":1}') * 10_000, 4429),
    "10,000 refused messages": Attack(text(b'{"type":"ping","x":1}') * 10_000, 4429),
    "a message in 10,000 fragments": Attack(text(b"", fin=False) + frame(CONTINUATION, b" ", fin=False) * 10_000, 4429),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_crowd_is_sent_away(name: str, server: ServerProcess, bystander: Bystander) -> None:
    attack = ATTACKS[name]
    with memory_bounded(server, 64 * MEGABYTE), crowd(server) as clients:
        for client in clients:
            client.send(attack.sent)
        bystander.gets_the_next_event()
        for client in clients:
            assert client.close_code() == attack.code


def test_numbers_beyond_the_last_are_refused_and_all_others_go_on(server: ServerProcess, http: httpx.Client) -> None:
    order = new_order()
    with conversation(server) as talk:
        for number in range(1, 33):
            assert talk.ask("subscribe", subscription=number, orderId=[order])["type"] == "checkpoint"
        assert talk.ask("subscribe", subscription=33)["problem"]["type"] == "/problems/invalid-message"
        for number in (1, 32):
            assert talk.ask("subscribe", subscription=number)["problem"]["type"] == "/problems/subscription-in-use"
        publish(http, shipped(order))
        assert sorted(talk.read()["subscription"] for _ in range(32)) == [*range(1, 33)]


def test_subscriptions_that_come_and_go_leave_nothing(server: ServerProcess, bystander: Bystander) -> None:
    with memory_bounded(server, 16 * MEGABYTE):
        for _ in range(10):
            with conversation(server) as talk:
                for _ in range(45):
                    talk.say("subscribe", subscription=1, from_="earliest")
                    talk.say("unsubscribe", subscription=1)
                talk.say("ping", request=1)
                while talk.read()["type"] != "pong":
                    pass
            bystander.gets_the_next_event()


def test_messages_without_end_of_many_connections_take_bounded_memory(
    server: ServerProcess, bystander: Bystander
) -> None:
    part = text(b" " * (LARGEST_BYTES - 1024), fin=False)  # six times as much as fits, from all of them
    with memory_bounded(server, HELD_BYTES), crowd(server, 6 * FITTING) as clients:
        for client in clients:
            client.send(part)
        bystander.gets_the_next_event()
        for client in clients[:-FITTING]:
            assert client.close_code() == 1013
        for client in clients[-FITTING:]:
            client.send(frame(CONTINUATION, ASK))
            assert client.close_code() == 1009  # a ping of 8 MiB: the server has all of it


def test_unfinished_frames_count_as_unfinished_messages(server: ServerProcess, bystander: Bystander) -> None:
    part = text(b" " * (LARGEST_BYTES - 1024), declared=LARGEST_BYTES)
    with memory_bounded(server, HELD_BYTES), crowd(server, 6 * FITTING) as clients:
        for client in clients:
            client.send(part)
        bystander.gets_the_next_event()
        for client in clients[:-FITTING]:
            assert client.close_code() == 1013


def test_slow_handshakes_hold_up_nobody(server: ServerProcess, bystander: Bystander) -> None:
    request = opening()
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(server.port)) for _ in range(200)]
        for byte in request[:-1]:
            wires[0].send(bytes((byte,)))
        for wire in wires[1:]:
            wire.send(request[:-1])
        bystander.gets_the_next_event()
        for wire in wires:
            wire.send(request[-1:] + text(ASK))
        for wire in wires:
            assert wire.head().status == 101
            assert wire.exactly(17) == b'\x81\x0f{"type":"pong"}'


def test_slowly_dripped_message_is_read_like_any_other(server: ServerProcess, bystander: Bystander) -> None:
    with RawSocket(server.port) as client:
        for byte in text(b'{"type":"ping",', fin=False) + frame(PING, b"x") + frame(CONTINUATION, b'"request":5}'):
            client.send_slowly(bytes((byte,)))
        bystander.gets_the_next_event()
        assert sorted((client.frame().payload, client.frame().payload)) == [b"x", b'{"type":"pong","request":5}']


def test_client_that_does_not_close_its_side_is_cut(server: ServerProcess, bystander: Bystander) -> None:
    with RawSocket(server.port) as client:
        client.send(text(ASK, is_masked=False))
        assert client.close_code() == 1002
        bystander.gets_the_next_event()

        def is_cut() -> bool:
            try:
                client.send(text(ASK))
            except ConnectionError:
                return True
            return False

        assert eventually(is_cut)
