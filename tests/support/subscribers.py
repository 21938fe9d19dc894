"""Subscribers for tests: they decode with httpx-sse, reconnect as a browser's EventSource does, and keep only the last id."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

import httpx
from httpx_sse import EventSource, ServerSentEvent, aconnect_sse

from tests.support.checker import Delivered, Ledger, Mark, SubscriberLog

PATIENCE_SECONDS = 120  # for everything that a test waits for
ANSWER_SECONDS = 60  # without a byte, although heartbeats come every second: broken, not slow

Parameters: TypeAlias = Mapping[str, str | Sequence[str]]

_CUT = (
    httpx.NetworkError,
    httpx.RemoteProtocolError,
)  # the connection was refused, reset, or ended in the middle of the body


def read_stream(url: str, last_event_id: str | None = None, **parameters: str | Sequence[str]) -> list[ServerSentEvent]:
    """Read a stream to its clean end; return no frames if the response is 204."""
    return read_until(None, url, last_event_id, **parameters)


def read_until(
    enough: Callable[[Sequence[ServerSentEvent]], bool] | None,
    url: str,
    last_event_id: str | None = None,
    **parameters: str | Sequence[str],
) -> list[ServerSentEvent]:
    """Read a stream until `enough` returns True for its frames, asked after each chunk, or to its clean end."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    deadline = time.monotonic() + PATIENCE_SECONDS
    body = bytearray()
    with (
        httpx.Client(trust_env=False, timeout=ANSWER_SECONDS) as client,
        client.stream("GET", url, params=parameters, headers=headers) as response,
    ):
        response.raise_for_status()
        for chunk in response.iter_bytes():
            assert time.monotonic() < deadline, f"nothing but heartbeats after {bytes(body[-500:])!r}"
            body += chunk
            if enough is not None and enough(decode(bytes(body))):
                break
    return decode(bytes(body))


def read_stored(url: str, last_event_id: str | None = None, **parameters: str | Sequence[str]) -> list[ServerSentEvent]:
    """Read the order events that are stored after an id, or all of them if there is no id."""
    frames = read_stream(url, last_event_id, follow="false", **{"from": "earliest"}, **parameters)
    return [frame for frame in frames if frame.event.startswith("order.")]


def decode(body: bytes) -> list[ServerSentEvent]:
    """Decode the beginning of a stream, which may be cut anywhere."""
    response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=body)
    return list(EventSource(response).iter_sse())


def head_id(url: str) -> str:
    """Return the id of the head: to resume from it is to see only what is published from now on."""
    answer = httpx.get(url, headers={"Accept": "application/json"}, timeout=ANSWER_SECONDS, trust_env=False)
    answer.raise_for_status()
    return str(answer.json()["lastEventId"])


@asynccontextmanager
async def open_client(*, receive_bytes: int | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client for any number of streams at once, each with a receive buffer of `receive_bytes` in the kernel.

    A client with such a limit does not accept compression, because the limit is for a number of events.
    """
    options = [] if receive_bytes is None else [(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)]
    headers = None if receive_bytes is None else {"Accept-Encoding": "identity"}
    # A server closes an unused connection after five seconds, and httpx would as well: a request at that moment would be cut.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=2.0)
    transport = httpx.AsyncHTTPTransport(limits=limits, socket_options=options, trust_env=False)
    async with httpx.AsyncClient(
        transport=transport, headers=headers, trust_env=False, timeout=ANSWER_SECONDS
    ) as client:
        yield client


def never(_frame: ServerSentEvent) -> bool:
    return False


def at_random(random: Random, most_frames: int) -> Callable[[ServerSentEvent], bool]:
    """Return a `leave` that is True after every 1 to `most_frames` frames, at random."""
    remaining = [random.randint(1, most_frames)]

    def leave(_frame: ServerSentEvent) -> bool:
        remaining[0] -= 1
        if remaining[0] == 0:
            remaining[0] = random.randint(1, most_frames)
            return True
        return False

    return leave


@dataclass(slots=True)
class Subscriber:
    """A subscriber of `url`, whose log grows across its connections.

    `parameters`: its query; a `from` in it counts until there is a last id, as the contract says.
    `leave`: asked after each frame whether to leave the connection and resume.
    `joins`: a ledger; the subscriber must get what its publishers send after the subscriber's first frame.
    `pause_after`: the number of frames after which it stops reading until `resume` is set.
    `hasty`: it reconnects at once, without waiting for the time that the stream asks for.
    """

    url: str
    log: SubscriberLog
    parameters: Parameters = field(default_factory=lambda: {"from": "earliest"})
    leave: Callable[[ServerSentEvent], bool] = never
    joins: Ledger | None = None
    pause_after: int | None = None
    resume: asyncio.Event = field(default_factory=asyncio.Event)
    hasty: bool = False
    frames: int = 0
    last_event_id: str | None = None
    retry_seconds: float = 0.05
    connections: int = 0
    cuts: int = 0
    closings: list[str] = field(default_factory=list)
    checkpoints: list[str] = field(default_factory=list)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self, client: httpx.AsyncClient, *, until: Mark) -> None:
        """Read, and reconnect after every end, until a certain event has been delivered."""
        await self.follow_while(client, lambda entry: entry is None or entry.mark != until)

    async def follow_while(self, client: httpx.AsyncClient, going_on: Callable[[Delivered | None], bool]) -> None:
        """Read, and reconnect after every end, while `going_on` returns True; it is asked after each frame, with its order event."""
        while True:
            if await self._connect(client, going_on):
                return
            await asyncio.sleep(0 if self.hasty else self.retry_seconds)

    async def _connect(self, client: httpx.AsyncClient, going_on: Callable[[Delivered | None], bool]) -> bool:
        """Read one connection; return whether reading is finished."""
        headers = {} if self.last_event_id is None else {"Last-Event-ID": self.last_event_id}
        self.connections += 1
        answered = False
        try:
            async with aconnect_sse(client, "GET", self.url, params=self.parameters, headers=headers) as source:
                # Any other status or type closes an EventSource permanently.
                assert source.response.status_code == 200, f"{source.response.status_code} ends an EventSource"
                answered = True
                frames = source.aiter_sse()
                try:
                    return await self._read(frames, going_on)
                finally:
                    await frames.aclose()
        except _CUT:
            self.cuts += answered
            return False

    async def _read(self, frames: AsyncIterator[ServerSentEvent], going_on: Callable[[Delivered | None], bool]) -> bool:
        first = True
        async for frame in frames:
            entry = self._take(frame)
            if first:
                assert frame.event in ("stream.checkpoint", "stream.gap", "stream.closing"), (
                    f"a stream began with {frame}"
                )
                first = False
            if not going_on(entry if isinstance(entry, Delivered) else None):
                return True
            if self.leave(frame):
                return False
            self.frames += 1
            if self.frames == self.pause_after:
                await self.resume.wait()
        return False

    def _take(self, frame: ServerSentEvent) -> object:
        entry = self.log.take(frame.event, frame.data, frame.id)
        if frame.id:
            self.last_event_id = frame.id
        if frame.retry is not None:
            self.retry_seconds = frame.retry / 1000
        if frame.event == "stream.closing":
            self.closings.append(frame.json()["reason"])
        if frame.event == "stream.checkpoint":
            self.checkpoints.append(frame.id)
        if self.joins is not None and not self.opened.is_set():
            self.log.since = self.joins.next_counters()
        self.opened.set()
        return entry


async def poll(condition: Callable[[], bool], what: str, *, timeout_seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition is true that must be asked repeatedly, because no event announces it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_seconds):
            while not condition():  # noqa: ASYNC110  # it happens in another process, which sends no word
                await asyncio.sleep(0.01)
    assert condition(), f"Waited {timeout_seconds} s in vain for {what}."
