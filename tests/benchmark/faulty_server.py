"""A server for the tests of the load driver: it makes the faults that the driver must find."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

EVENTS = 8
SUBSCRIBERS = 3

Frame = tuple[str, str]  # id and data
Fault = Callable[[list[Frame]], list[Frame]]


class Wire(NamedTuple):
    """Another protocol than server-sent events. `head`: opens the stream. `encode`: makes the bytes of an event."""

    head: bytes
    encode: Callable[[Frame], bytes]


def in_order(frames: list[Frame]) -> list[Frame]:
    return frames


def chunked(text: bytes) -> list[bytes]:
    return [b"%x\r\n%b\r\n" % (len(text), text)]


def whole(text: bytes) -> list[bytes]:
    return [text]


def chunk_by_chunk(text: bytes) -> list[bytes]:
    return [b"1;name=value\r\n%b\r\n" % text[at : at + 1] for at in range(len(text))]


def byte_by_byte(text: bytes) -> list[bytes]:
    return [chunked(text)[0][at : at + 1] for at in range(len(chunked(text)[0]))]


@dataclass
class FaultyServer:
    """A server that sends each published line to every subscriber as an event, but to the first one with a fault.

    A replay sends the stored events, with the same fault, and ends.
    """

    fault: Fault = in_order
    write: Callable[[bytes], list[bytes]] = chunked
    newline: str = "\n"
    wire: Wire | None = None  # None: server-sent events
    stream_status: str = "200 OK"
    publish_status: str = "204 No Content"
    cuts_after: int = 1_000_000  # events published
    answers_after: int = 0  # the number of replays for which a publisher waits
    replays: int = 0
    replayed_enough: asyncio.Event = field(default_factory=asyncio.Event)
    subscribers: list[asyncio.StreamWriter] = field(default_factory=list)
    published: int = 0
    stored: list[Frame] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if head.startswith(b"GET /replay"):
                    await self.replay(writer)
                elif head.startswith(b"PRI"):  # HTTP/2: the rest of what the client says needs no answer
                    self.subscribe(writer)
                    await reader.read()
                elif head.startswith(b"GET"):
                    self.subscribe(writer)
                else:
                    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                    await self.publish((await reader.readexactly(length)).decode().split("\n"))
                    writer.write(f"HTTP/1.1 {self.publish_status}\r\nContent-Length: 0\r\n\r\n".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def subscribe(self, writer: asyncio.StreamWriter) -> None:
        self.begin(writer)
        self.subscribers.append(writer)

    async def replay(self, writer: asyncio.StreamWriter) -> None:
        self.begin(writer)
        for frame in self.fault(self.stored):
            await self.send(writer, frame)
        writer.write(b"0\r\n\r\n")
        self.replays += 1
        if self.replays >= self.answers_after:
            self.replayed_enough.set()

    def begin(self, writer: asyncio.StreamWriter) -> None:
        if self.wire is not None:
            writer.write(self.wire.head)
            return
        coding = "" if self.write is whole else "Transfer-Encoding: chunked\r\n"
        writer.write(f"HTTP/1.1 {self.stream_status}\r\nContent-Type: text/event-stream\r\n{coding}\r\n".encode())

    async def publish(self, lines: Sequence[str]) -> None:
        frames = [(f"e-{self.published + number + 1}", line) for number, line in enumerate(lines)]
        self.published += len(lines)
        for writer in self.subscribers:
            for frame in self.fault(frames) if writer is self.subscribers[0] else frames:
                await self.send(writer, frame)
        if self.published >= self.cuts_after:
            self.subscribers[0].close()
        if self.answers_after:
            await self.replayed_enough.wait()

    async def send(self, writer: asyncio.StreamWriter, frame: Frame) -> None:
        lines = (f"id: {frame[0]}" if frame[0] else ": no id", "event: order.shipped", f"data: {frame[1]}", "", "")
        text = self.newline.join(lines).encode() if self.wire is None else self.wire.encode(frame)
        for piece in self.write(text):
            writer.write(piece)
            await asyncio.sleep(0)


@dataclass(frozen=True)
class Outcome:
    status: int
    report: dict[str, Any]
    faults: dict[str, int]
    error: str


def lockstep(*more: str) -> list[str]:
    size = ["--events", str(EVENTS), "--burst", str(EVENTS), "--batch", str(EVENTS), "--subscribers", str(SUBSCRIBERS)]
    return ["--mode", "lockstep", "--ids", "ordered", "--publish-path", "/publish", *size, *more]


def run(driver: Path, server: FaultyServer, options: Sequence[str], *, stalls: bool = False) -> Outcome:
    """Run the driver against a server. `stalls`: the driver gives up soon, because some events will not come."""
    return asyncio.run(_run(driver, server, ["--stall-seconds", "2" if stalls else "50", *options]))


async def _run(driver: Path, server: FaultyServer, options: Sequence[str]) -> Outcome:
    listener = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    command = [str(driver), "--port", str(port), "--settle-seconds", "0.05", *options]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    output, error = await asyncio.wait_for(process.communicate(), 120)
    for writer in server.subscribers:
        writer.close()
    listener.close()
    report = json.loads(output) if output else {}
    faults = {name: count for name, count in report["subscribers"]["faults"].items() if count} if report else {}
    return Outcome(process.returncode or 0, report, faults, error.decode())
