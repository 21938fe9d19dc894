"""Histories of compressed streams, searched for the shortest one in which a reader decompresses other bytes than the plain stream has.

The pages, checkpoints, gaps and closings are those that the core sends: readers with several filters come, go, fall behind and are silent.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Coroutine
from typing import Any, TypeVar
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.events.delivery.fan_out import FanOut
from app.events.delivery.stream_item import Closing, StreamItem, StreamStart
from app.events.delivery.subscription import Subscription
from app.events.event import Event
from app.events.filter import EVERYTHING, Filter
from app.events.log.start import StartRequest, locate_start
from app.server.take_over import close_delimited
from app.transports.compression import shared_deflate
from app.transports.compression.gzip_body import GzipBody, SharedParts
from app.transports.http.streaming import sse
from tests.events.logs import CANCELLED, SHIPPED, VirtualTime, open_log, turns

TYPES = ("order.shipped", "order.cancelled")
FILTERS = (EVERYTHING, SHIPPED, CANCELLED, Filter(None, frozenset({"or_1"})))
ORDERS = ("or_1", "or_2")
RETAINED = 8
HEARTBEAT_SECONDS = 15
# So small that a few events leave the dictionary, and that a page of some more is not compressed.
DICTIONARY_BYTES = 200
STORED_ABOVE_BYTES = 600

T = TypeVar("T")


class Stream:
    """A compressed stream: the sink of a subscription, and the client that decompresses each part as it comes."""

    def __init__(self, body: GzipBody, subscription: Subscription, encode: Encoder) -> None:
        self.subscription = subscription
        self.is_full = False
        self._body = body
        self._encode = encode
        self._decoder = zlib.decompressobj(31)  # checks CRC and length at the end, as gunzip does
        self._compressed = b""
        self._plain = b""

    def send(self, item: StreamItem) -> bool:
        part, plain = self._body.encode(item), self._encode(item)
        assert self._decoder.decompress(part) == plain
        assert self._decoder.unused_data == b""
        assert self._decoder.eof == isinstance(item, Closing)
        self._compressed += part
        self._plain += plain
        return not (self.is_full or self._decoder.eof)

    def is_whole(self) -> bool:
        """Return whether the stream has ended, after a look at its trailer."""
        if self._decoder.eof:
            assert self._compressed[-8:] == struct.pack("<II", zlib.crc32(self._plain), len(self._plain))
            assert zlib.decompress(self._compressed, 31) == self._plain
        return self._decoder.eof


class Encoder:
    """Items as bytes of an event stream. `retry_ms`: the reconnection time for the stream that begins, another one for each."""

    retry_ms = 2000

    def __call__(self, item: StreamItem) -> bytes:
        return sse.encode_opening(item, self.retry_ms) if isinstance(item, StreamStart) else sse.encode(item)


class GzipHistories(RuleBasedStateMachine):
    """One log, and streams that share their compressed parts."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner(loop_factory=VirtualTime)
        self._failures: list[object] = []  # in callbacks of the event loop, where an assertion stops nothing
        self._runner.get_loop().set_exception_handler(lambda _loop, context: self._failures.append(context))
        self._patch = patch.multiple(
            shared_deflate, DICTIONARY_BYTES=DICTIONARY_BYTES, STORED_ABOVE_BYTES=STORED_ABOVE_BYTES
        )
        self._patch.start()
        self._encode = Encoder()
        self._shared = SharedParts(self._encode, close_delimited)
        self._streams: list[Stream] = []
        self._published = 0

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    @initialize(retain_events=st.sampled_from([RETAINED, 1000]))
    def begin(self, retain_events: int) -> None:
        self._log = self._run(open_log(retain_events=retain_events))
        self._fan_out = FanOut(self._log, heartbeat_seconds=HEARTBEAT_SECONDS)

    @rule(
        events=st.lists(st.tuples(st.sampled_from(TYPES), st.sampled_from(ORDERS)), min_size=1, max_size=6),
        note=st.text("abc", max_size=30),
    )
    def publish(self, events: list[tuple[str, str]], note: str) -> None:
        self._run(self._publish(events, note))

    async def _publish(self, events: list[tuple[str, str]], note: str) -> None:
        numbered = enumerate(events, start=self._published)
        batch = [Event(kind, "1.0.0", f"e{number}", order, f'"{note}{number}"') for number, (kind, order) in numbered]
        self._published += len(batch)
        await self._log.append(batch)
        await turns()

    @rule(
        after=st.sampled_from(["earliest", "latest", "nope"]) | st.integers(0, 20),
        filter=st.sampled_from(FILTERS),
        limit=st.sampled_from([None, None, 1, 5]),
        follow=st.booleans(),
    )
    def join(self, after: str | int, filter: Filter, limit: int | None, *, follow: bool) -> None:
        """Open a stream at one end of the log, after an offset, or after an id that the log did not issue."""
        match after:
            case "earliest" | "latest":
                request = StartRequest(origin="earliest" if after == "earliest" else "latest")
            case int():
                request = StartRequest(str(self._log.position(min(after, self._log.head))))
            case _:
                request = StartRequest(after)
        self._run(self._join(request, filter, limit, follow=follow))

    async def _join(self, request: StartRequest, filter: Filter, limit: int | None, *, follow: bool) -> None:
        start = await locate_start(self._log, request, EVERYTHING)
        subscription = Subscription(self._log, start, filter, follow=follow, limit=limit)
        self._encode.retry_ms += 1
        stream = Stream(self._shared.body(), subscription, self._encode)
        self._streams.append(stream)
        self._fan_out.open(subscription, stream)
        await turns()

    @precondition(lambda self: self._streams)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        stream = data.draw(st.sampled_from(self._streams))
        self._streams.remove(stream)
        self._fan_out.leave(stream.subscription)

    @precondition(lambda self: self._streams)
    @rule(data=st.data(), is_full=st.booleans())
    def fill_or_empty(self, data: st.DataObject, *, is_full: bool) -> None:
        self._run(self._fill_or_empty(data.draw(st.sampled_from(self._streams)), is_full=is_full))

    async def _fill_or_empty(self, stream: Stream, *, is_full: bool) -> None:
        stream.is_full = is_full
        if not is_full:
            self._fan_out.resume(stream.subscription)
        await turns()

    @rule()
    def be_silent(self) -> None:
        """Let time pass, until every stream is sent a heartbeat or a checkpoint."""
        self._run(self._be_silent())

    async def _be_silent(self) -> None:
        clock = asyncio.create_task(self._fan_out.run())
        await asyncio.sleep(2 * HEARTBEAT_SECONDS)
        clock.cancel()

    @invariant()
    def every_part_was_right(self) -> None:
        assert self._failures == []
        self._streams = [stream for stream in self._streams if not stream.is_whole()]

    def teardown(self) -> None:
        try:
            if hasattr(self, "_fan_out"):
                self._run(self._drain())
                self.every_part_was_right()
                assert self._streams == []
        finally:
            self._patch.stop()
            self._runner.close()

    async def _drain(self) -> None:
        """End all streams, also the ones that accept nothing at the moment."""
        self._fan_out.drain()
        await turns()
        for stream in self._streams:
            await self._fill_or_empty(stream, is_full=False)


TestGzipHistories = GzipHistories.TestCase
TestGzipHistories.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
