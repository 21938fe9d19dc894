"""Subscribers for tests: decoded by httpx-sse, reconnecting as a browser's EventSource does, keeping nothing but the last id."""

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

PATIENCE_SECONDS = 120  # for all that is waited for
ANSWER_SECONDS = 60  # without a byte, where heartbeats come every second: not slow, but broken

Parameters: TypeAlias = Mapping[str, str | Sequence[str]]

_CUT = (httpx.NetworkError, httpx.RemoteProtocolError)  # refused, reset, or ended in the middle of the body


def read_stream(url: str, last_event_id: str | None = None, **parameters: str | Sequence[str]) -> list[ServerSentEvent]:
    """Read a stream to its end, which must be a clean one; empty where the answer is 204."""
    return read_until(None, url, last_event_id, **parameters)


def read_until(
    enough: Callable[[Sequence[ServerSentEvent]], bool] | None,
    url: str,
    last_event_id: str | None = None,
    **parameters: str | Sequence[str],
) -> list[ServerSentEvent]:
    """Read a stream until its frames, of which `enough` is asked after each chunk, are enough; or to its clean end."""
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
    """Read what is stored after an id, or everything where there is none: the order events alone."""
    frames = read_stream(url, last_event_id, follow="false", **{"from": "earliest"}, **parameters)
    return [frame for frame in frames if frame.event.startswith("order.")]


def decode(body: bytes) -> list[ServerSentEvent]:
    """Decode the beginning of a stream, wherever it was cut."""
    response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=body)
    return list(EventSource(response).iter_sse())


def head_id(url: str) -> str:
    """The id to resume from in order to see only what is published from now on."""
    answer = httpx.get(url, headers={"Accept": "application/json"}, timeout=ANSWER_SECONDS, trust_env=False)
    answer.raise_for_status()
    return str(answer.json()["lastEventId"])


@asynccontextmanager
async def open_client(*, receive_bytes: int | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client for any number of streams at once, of which each buffers `receive_bytes` in the kernel."""
    options = [] if receive_bytes is None else [(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)]
    # A server closes a connection that nobody uses after five seconds, as httpx would: whoever asks just then would be cut.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=2.0)
    transport = httpx.AsyncHTTPTransport(limits=limits, socket_options=options, trust_env=False)
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=ANSWER_SECONDS) as client:
        yield client


def never(_frame: ServerSentEvent) -> bool:
    return False


def at_random(random: Random, most_frames: int) -> Callable[[ServerSentEvent], bool]:
    """Leave the connection after a random number of frames, 1 to `most_frames` from leave to leave."""
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
    """One subscriber of `url`, whose log grows across its connections.

    `parameters` are its query; a `from` in it counts only until there is an id, as the contract says. With `joins`, it is owed
    what that ledger's publishers send after its first frame. It reads on after `pause_after` frames only when `resume` is set.
    A `hasty` one does not wait before it reconnects, as the stream asks it to.
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
        """Read, and reconnect whatever happens, until an event has been delivered."""
        await self.follow_while(client, lambda entry: entry is None or entry.mark != until)

    async def follow_while(self, client: httpx.AsyncClient, going_on: Callable[[Delivered | None], bool]) -> None:
        """Read, and reconnect whatever happens, for as long as `going_on` says so; asked per frame, with its order event."""
        while True:
            if await self._connect(client, going_on):
                return
            await asyncio.sleep(0 if self.hasty else self.retry_seconds)

    async def _connect(self, client: httpx.AsyncClient, going_on: Callable[[Delivered | None], bool]) -> bool:
        """Read one connection; tell whether there is nothing more to read."""
        headers = {} if self.last_event_id is None else {"Last-Event-ID": self.last_event_id}
        self.connections += 1
        answered = False
        try:
            async with aconnect_sse(client, "GET", self.url, params=self.parameters, headers=headers) as source:
                # Any other status, or another type, closes an EventSource for good.
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
    """Wait for something that nobody announces."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_seconds):
            while not condition():  # noqa: ASYNC110  # it happens in another process, which sends no word
                await asyncio.sleep(0.01)
    assert condition(), f"Waited {timeout_seconds} s in vain for {what}."
