"""Compressed streams that share their parts: each reader's bytes are one gzip file, with the plain bytes in it and the right trailer."""

from __future__ import annotations

import gc
import zlib
from random import Random

import pytest

from app.events.delivery.stream_item import HEARTBEAT, Checkpoint, Closing, StreamItem, StreamStart
from app.events.event import StoredEvent
from app.events.log.event_store import Page
from app.events.position import Gap, Position
from app.server.take_over import chunked, close_delimited
from app.transports.compression.gzip_body import SharedParts
from app.transports.compression.shared_deflate import DICTIONARY_BYTES, STORED_ABOVE_BYTES, Step
from app.transports.http.streaming import sse

EPOCH = "k7f3q2aa"


class Encoder:
    """Items as bytes; a stream's first item is another one each time, as with random reconnection times. It counts what it encodes."""

    def __init__(self) -> None:
        self.streams = 0

    def __call__(self, item: StreamItem) -> bytes:
        if isinstance(item, StreamStart):
            self.streams += 1
            return sse.encode_opening(item, 2000 + self.streams)
        return sse.encode(item)


class Reader:
    """A client that decompresses what it is sent as it comes, and knows what it should have read."""

    def __init__(self, shared: SharedParts, encode: Encoder) -> None:
        self.body = shared.body()
        self._encode = encode
        self._decoder = zlib.decompressobj(31)  # checks the CRC and the length at the end, as gunzip does
        self.received = 0
        start = StreamStart(Checkpoint(Position(EPOCH, 0)))
        self.plain = encode(start)
        encode.streams -= 1
        self._receive(self.body.encode(start), self.plain)

    def send(self, item: StreamItem) -> bytes:
        part = self.body.encode(item)
        self._receive(part, self._encode(item))
        return part

    def end(self, reason: Closing) -> None:
        self.send(reason)
        assert self._decoder.eof
        assert self._decoder.unused_data == b""

    def _receive(self, part: bytes, plain: bytes) -> None:
        assert self._decoder.decompress(part) == plain
        self.received += len(part)


class Log:
    """Pages of events, as random as real ones."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.head = 0

    def page(self, count: int = 1, size: int = 16) -> Page:
        return Page([self._event(size) for _ in range(count)], through=self.head)

    def _event(self, size: int) -> StoredEvent:
        self.head += 1
        data = f'{{"orderId":"{self._random.randbytes(size).hex()}","when":"2024-05-01T10:00:00Z"}}'
        return StoredEvent(self.head, EPOCH, "order.shipped", "1.0.0", f"e-{self.head}", "or_1", 0, data)


@pytest.fixture
def encode() -> Encoder:
    return Encoder()


@pytest.fixture
def shared(encode: Encoder) -> SharedParts:
    return SharedParts(encode, close_delimited)


@pytest.fixture
def log() -> Log:
    return Log(Random(1))


class History:
    """Readers that come, go, fall behind, replay and are idle, at random."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._encode = Encoder()
        self._shared = SharedParts(self._encode, close_delimited)
        self._log = Log(self._random)
        self._stored = [self._log.page(self._random.randint(1, 5)) for _ in range(10)]
        self.live: list[Reader] = [self._reader()]
        self.behind: list[Reader] = [self._reader()]

    def run(self, steps: int) -> None:
        common, rare = (
            [self.publish, self.replay],
            [self.join, self.idle, self.skip, self.fall_behind, self.catch_up, self.end],
        )
        for _ in range(steps):
            self._random.choice(common if self._random.random() < 0.6 else rare)()
        for reader in [*self.live, *self.behind]:
            reader.end(Closing("drain"))

    def publish(self) -> None:
        page = self._log.page(self._random.choice((1, 1, 1, 1, 1, 3, 64)))
        self._stored.append(page)
        for reader in self.live:
            reader.send(page)

    def replay(self) -> None:
        for reader in self.behind:
            reader.send(self._random.choice(self._stored))

    def join(self) -> None:
        self._random.choice((self.live, self.behind)).append(self._reader())

    def idle(self) -> None:
        for reader in self._random.sample(self.live, len(self.live) // 2):
            reader.send(HEARTBEAT)

    def skip(self) -> None:
        for reader in self.live[:1]:
            reader.send(Checkpoint(Position(EPOCH, self._log.head)))

    def fall_behind(self) -> None:
        self._move(self.live, self.behind)

    def catch_up(self) -> None:
        for reader in self.behind[-1:]:
            reader.send(Gap("expired", f"{EPOCH}-1", Position(EPOCH, 3)))
        self._move(self.behind, self.live)

    def end(self) -> None:
        if len(self.live) > 1:
            self.live.pop(self._random.randrange(len(self.live))).end(Closing("limit"))

    def _move(self, source: list[Reader], target: list[Reader]) -> None:
        if source:
            target.append(source.pop(self._random.randrange(len(source))))

    def _reader(self) -> Reader:
        return Reader(self._shared, self._encode)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_readers_are_sent_decompresses_to_the_plain_bytes(seed: int) -> None:
    History(seed).run(400)


def test_readers_that_came_at_five_moments_are_soon_sent_the_same_bytes(
    shared: SharedParts, encode: Encoder, log: Log
) -> None:
    readers = []
    for _ in range(5):
        readers.append(Reader(shared, encode))
        for page in (log.page(), log.page()):
            for reader in readers:
                reader.send(page)
    for _ in range(DICTIONARY_BYTES // 100):
        page = log.page()
        for reader in readers:
            reader.send(page)
    page = log.page()
    assert len({id(reader.send(page)) for reader in readers}) == 1
    for reader in readers:
        reader.end(Closing("drain"))


def test_readers_that_came_between_the_same_events_share_from_the_first_event_on(
    shared: SharedParts, encode: Encoder, log: Log
) -> None:
    readers = [Reader(shared, encode) for _ in range(3)]
    page = log.page()
    assert len({id(reader.send(page)) for reader in readers}) == 1


def test_reader_that_replays_shares_the_parts_of_another_one_that_did(
    shared: SharedParts, encode: Encoder, log: Log
) -> None:
    pages = [log.page(3) for _ in range(5)]
    parts = [[reader.send(page) for page in pages] for reader in (Reader(shared, encode), Reader(shared, encode))]
    assert [id(part) for part in parts[0]] == [id(part) for part in parts[1]]


def test_memory_does_not_grow_with_the_number_of_pages(shared: SharedParts, encode: Encoder, log: Log) -> None:
    earlier = _steps()  # those of other tests too; held, so that no new step gets the id of one that was freed
    readers = [Reader(shared, encode) for _ in range(3)]
    stalled = Reader(shared, encode)
    for _ in range(500):
        page = log.page()
        for reader in readers:
            reader.send(page)
    del page
    shared.hold(HEARTBEAT)
    assert (
        len(_steps().keys() - earlier.keys()) == 1
    )  # that of the readers; a stream without events is at the first step
    stalled.end(Closing("drain"))


def _steps() -> dict[int, Step]:
    gc.collect()
    return {id(each): each for each in gc.get_objects() if isinstance(each, Step)}


def test_real_size_of_events_one_at_a_time(shared: SharedParts, encode: Encoder, log: Log) -> None:
    reader = Reader(shared, encode)
    before, plain = reader.received, 0
    for _ in range(500):
        page = log.page()
        plain += len(sse.encode(page))
        reader.send(page)
    assert (reader.received - before) / plain < 0.45


def test_large_page_is_not_compressed_and_is_a_dictionary_all_the_same(
    shared: SharedParts, encode: Encoder, log: Log
) -> None:
    reader = Reader(shared, encode)
    page = log.page(count=10, size=STORED_ABOVE_BYTES // 10)
    assert len(reader.send(page)) > len(sse.encode(page))
    assert len(reader.send(page)) > len(sse.encode(page))
    assert len(reader.send(log.page())) < 100
    reader.end(Closing("limit"))


def test_parts_are_framed_for_their_transfer_coding(encode: Encoder, log: Log) -> None:
    page = log.page()
    parts = []
    for frame in (chunked, close_delimited):
        body = SharedParts(encode, frame).body()
        body.encode(StreamStart(Checkpoint(Position(EPOCH, 0))))
        parts.append(body.encode(page))
    assert parts[0] == chunked(parts[1])
