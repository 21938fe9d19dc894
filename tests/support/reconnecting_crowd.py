"""A crowd of readers that reconnect as a browser's `EventSource` does, in a process of its own: `python -m … URL COUNT`.

It writes its figures to stdout several times a second, one JSON object a line.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import uvloop

CONNECTS_PER_SECOND = 1_000


@dataclass(slots=True)
class Figures:
    """The numbers of a crowd. `open`: readers whose stream has begun. The others count what has happened since the start."""

    open: int = 0
    drained: int = 0
    cut: int = 0
    overloaded: int = 0
    other_answers: int = 0
    longest_retry_ms: int = 0


class Reader(asyncio.Protocol):
    """One reader: it resumes after its last id, as soon as the `retry` time is over."""

    def __init__(self, host: str, port: int, figures: Figures) -> None:
        self._host = host
        self._port = port
        self._figures = figures
        self._retry_ms = 3_000
        self._last_id = ""
        self._unread = b""
        self._is_open = False

    async def connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, self._host, self._port)
        except OSError:
            self._come_back()

    def connection_made(self, transport: Any) -> None:
        self._unread = b""
        resumed = f"Last-Event-ID: {self._last_id}\r\n" if self._last_id else ""
        transport.write(
            f"GET /events/orders HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{resumed}\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            name, _, value = line.decode().partition(": ")
            match name:
                case "retry":
                    self._retry_ms = int(value)
                    self._figures.longest_retry_ms = max(self._figures.longest_retry_ms, self._retry_ms)
                case "id":
                    self._last_id = value
                case "event" if not self._is_open and value != "stream.closing":
                    self._is_open = True
                    self._figures.open += 1
                case "data" if '"reason":"drain"' in value:
                    self._figures.drained += 1
                case "data" if '"reason":"overloaded"' in value:
                    self._figures.overloaded += 1
                case _ if name.startswith("HTTP/1.1 ") and "200" not in name:
                    self._figures.other_answers += 1

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._figures.cut += exc is not None
        self._figures.open -= self._is_open
        self._is_open = False
        self._come_back()

    def _come_back(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(self._retry_ms / 1_000, lambda: _tasks.add(loop.create_task(self.connect())))


_tasks: set[asyncio.Task[None]] = set()


class Crowd:
    """A running crowd, as a context manager. `figures`: the latest that it has reported."""

    def __init__(self, url: str, count: int) -> None:
        command = [sys.executable, "-m", __spec__.name, url, str(count)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.figures = Figures()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.figures = Figures(**json.loads(line))


async def _run(url: str, count: int) -> None:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    figures = Figures()
    reporting = asyncio.create_task(_report(figures))
    for number in range(count):
        _tasks.add(asyncio.create_task(Reader(parts.hostname, parts.port, figures).connect()))
        if number % 50 == 0:
            await asyncio.sleep(50 / CONNECTS_PER_SECOND)
    await reporting


async def _report(figures: Figures) -> None:
    while True:
        await asyncio.sleep(0.2)
        sys.stdout.write(json.dumps(asdict(figures)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(sys.argv[1], int(sys.argv[2])))
