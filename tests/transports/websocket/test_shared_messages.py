"""Messages that connections share: each connection decompresses what it is sent, whatever the others were sent."""

from __future__ import annotations

import gc
import json
import zlib
from random import Random
from typing import Any
from weakref import ref

import pytest

from app.events.event import StoredEvent
from app.events.log.event_store import Page
from app.transports.compression.shared_deflate import Steps
from app.transports.websocket.messages.server_messages import encode_events
from app.transports.websocket.messages.shared_messages import SharedMessages

EPOCH = "k7f3q2aa"
MAXIMUM_BYTES = 512 * 1024


class Frames:
    """A client's view of the frames: the messages in them, decompressed by one window."""

    def __init__(self) -> None:
        self._decompressor = zlib.decompressobj(-15)

    def read(self, data: bytes) -> list[Any]:
        messages = []
        while data:
            first, size, at = data[0], data[1], 2
            if size > 125:
                at += 2 if size == 126 else 8
                size = int.from_bytes(data[2:at], "big")
            payload, data = data[at : at + size], data[at + size :]
            if first == 0xC1:
                payload = self._decompressor.decompress(payload + b"\0\0\xff\xff")
            else:
                assert first == 0x81
            messages.append(json.loads(payload))
        return messages


class Connection:
    """A connection with permessage-deflate, and its client."""

    def __init__(self, steps: Steps) -> None:
        self.step = steps.start
        self.client = Frames()

    def send(self, messages: SharedMessages, page: Page) -> bytes:
        content, self.step, _ = messages.part(page, self.step)
        return content


class Server:
    """The shared messages of two numbers, and a log with random orders."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.steps = Steps()
        self.of_numbers = {number: SharedMessages(number, MAXIMUM_BYTES, self.steps) for number in (1, 2)}
        self.head = 0

    def page(self, count: int, size: int = 16) -> Page:
        return Page([self.event(size) for _ in range(count)], self.head)

    def event(self, size: int) -> StoredEvent:
        self.head += 1
        data = f'{{"orderId":"{self.random.randbytes(size).hex()}"}}'
        return StoredEvent(self.head, EPOCH, "order.shipped", "1.0.0", f"e-{self.head}", "or_1", 0, data)


def ids(page: Page) -> list[str]:
    return [event.id for event in page.events]


@pytest.mark.parametrize("seed", range(20))
def test_every_connection_reads_its_pages_whatever_others_are_sent(seed: int) -> None:
    server = Server(seed)
    connections = [Connection(server.steps) for _ in range(6)]
    pages: list[Page] = []
    for _ in range(120):
        if not pages or server.random.random() < 0.6:
            pages.append(server.page(server.random.choice((1, 1, 1, 3, 40, 400)), server.random.choice((8, 64, 600))))
        page = pages[-1] if server.random.random() < 0.8 else server.random.choice(pages[-8:])
        for connection in server.random.sample(connections, server.random.randint(1, 6)):
            number = server.random.choice((1, 1, 1, 2))
            read = connection.client.read(connection.send(server.of_numbers[number], page))
            assert {message["subscription"] for message in read} == {number}
            assert [event["id"] for message in read for event in message["events"]] == ids(page)


def test_page_is_compressed_once_for_connections_that_were_sent_the_same() -> None:
    server = Server(1)
    messages = server.of_numbers[1]
    early, late = Connection(server.steps), Connection(server.steps)
    for _ in range(3):
        early.send(messages, server.page(1))
    apart = server.page(1)
    assert early.send(messages, apart) != late.send(messages, apart)
    same = server.page(30)  # more than the 2 KB that a step has
    early.send(messages, same)
    late.send(messages, same)
    assert early.step is late.step
    after = server.page(1)
    content = early.send(messages, after)
    assert content is late.send(messages, after)
    assert len(content) < 120


def test_long_page_is_neither_compressed_nor_kept() -> None:
    server = Server(1)
    messages = server.of_numbers[1]
    connection = Connection(server.steps)
    page = server.page(300, 600)
    before = connection.step
    (message,) = connection.client.read(connection.send(messages, page))
    assert len(message["events"]) == 300
    assert connection.step is before
    kept = ref(page)
    del page
    gc.collect()
    assert kept() is None


@pytest.mark.parametrize("maximum", [1, 500, 1000, 5000, 10**6])
def test_message_has_at_most_the_maximum_unless_one_event_is_larger(maximum: int) -> None:
    server = Server(1)
    events = [server.event(server.random.choice((1, 50, 300, 3000))) for _ in range(100)]
    messages = encode_events(Page(events, 0), 32, maximum)
    read = [json.loads(message) for message in messages]
    assert [event["id"] for message in read for event in message["events"]] == [event.id for event in events]
    for message, text in zip(read, messages, strict=True):
        assert message["lastEventId"] == message["events"][-1]["id"]
        assert len(text) <= maximum or len(message["events"]) == 1
