"""HTTP as bytes on a socket, for what an HTTP client hides: writes, chunks, headers as sent, how a connection ends."""

from __future__ import annotations

import socket
import time
from types import TracebackType
from typing import NamedTuple, Self

import httpx

PATIENCE_SECONDS = 90  # for what ought to come at once; machines that run tests are busy

SHORT_LIVED = httpx.Limits(keepalive_expiry=2.0)
"""A server closes a connection that nobody uses after five seconds, as httpx would by itself: whoever asks just then is cut."""


class Head(NamedTuple):
    """A status line and headers as they came; names in lower case."""

    status_line: str
    headers: list[tuple[str, str]]

    @property
    def status(self) -> int:
        return int(self.status_line.split()[1])

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each == name]

    def one(self, name: str) -> str:
        (value,) = self.all(name)
        return value


class Wire:
    """A connection to a server: send bytes, read a head, then the body as it is framed. A context manager."""

    def __init__(self, port: int, receive_buffer: int | None = None) -> None:
        """Take the size of the kernel's receive buffer, for a reader that is to stall soon."""
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.connect(("127.0.0.1", port))
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def get(self, target: str, *headers: str, method: str = "GET", version: str = "1.1") -> Head:
        """Send a request without a body and read the head of its response."""
        self.send(request(target, *headers, method=method, version=version))
        return self.head()

    def head(self) -> Head:
        status_line, *fields = self.until(b"\r\n\r\n").decode("latin-1").rstrip("\r\n").split("\r\n")
        pairs = (field.split(":", 1) for field in fields)
        return Head(status_line, [(name.lower(), value.strip()) for name, value in pairs])

    def chunk(self) -> bytes:
        """Read one chunk: what the server wrote at once; b"" is the last one."""
        size = int(self.until(b"\r\n"), 16)
        data = self.exactly(size)
        assert self.exactly(2) == b"\r\n"
        return data

    def chunks(self) -> bytes:
        """Read all chunks to the last one."""
        return b"".join(iter(self.chunk, b""))

    def body(self, head: Head) -> bytes:
        """Read a body with a Content-Length."""
        return self.exactly(int(head.one("content-length")))

    def until(self, end: bytes) -> bytes:
        while end not in self._unread:
            self._receive()
        found, self._unread = self._unread.split(end, 1)
        return found + end

    def exactly(self, count: int) -> bytes:
        while len(self._unread) < count:
            self._receive()
        found, self._unread = self._unread[:count], self._unread[count:]
        return found

    def rest(self) -> bytes:
        """Read until the server closes the connection."""
        while received := self.socket.recv(65536):
            self._unread += received
        found, self._unread = self._unread, b""
        return found

    def closed_by_server(self) -> bool:
        """Wait for the end of the connection, clean or not; False if it stays open, silent or not."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        try:
            while self.socket.recv(65536):
                if time.monotonic() > deadline:
                    return False
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True

    def _receive(self) -> None:
        received = self.socket.recv(65536)
        if not received:
            message = f"The server closed the connection after {self._unread!r}"
            raise EOFError(message)
        self._unread += received


def request(target: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    """Write a request without a body; `headers` are lines such as 'Accept: */*'."""
    lines = [f"{method} {target} HTTP/{version}", "Host: localhost", *headers]
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n"


def post(
    target: str, body: bytes, *headers: str, content_type: str = "application/json", version: str = "1.1"
) -> bytes:
    """Write a request with a body and its length."""
    described = (f"Content-Type: {content_type}", f"Content-Length: {len(body)}")
    return request(target, *described, *headers, method="POST", version=version) + body
