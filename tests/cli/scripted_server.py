"""A server with an answer for each request: for answers that a good server never gives, and for connections that break."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from tests.support.threaded import ThreadedServer

PROBLEM: Final = {"Content-Type": "application/problem+json"}
STREAM: Final = {"Content-Type": "text/event-stream; charset=utf-8"}


@dataclass(frozen=True)
class Answer:
    """An answer; with `held` the connection stays open after the body, with status 0 it is cut instead of answered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    held: bool = False


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    parameters: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def events(self) -> list[Any]:
        return list(json.loads(self.body))


def problem(status: int, detail: str, *, headers: Mapping[str, str] | None = None, **members: object) -> Answer:
    body = json.dumps({"type": "about:blank", "status": status, "detail": detail, **members}).encode()
    return Answer(status, body, {**PROBLEM, **(headers or {})})


def stream(*frames: str, held: bool = False) -> Answer:
    """An event stream; each frame is its lines."""
    return Answer(200, "".join(f"{frame}\n\n" for frame in frames).encode(), STREAM, held)


def stored(*duplicates: bool) -> Answer:
    """The answer to a publish that succeeded."""
    event = {"id": "e-1", "eventType": "order.shipped", "schemaVersion": "1.0.0", "eventId": "x"}
    return Answer(201, json.dumps({"events": [{**event, "duplicate": each} for each in duplicates]}).encode())


Script: TypeAlias = Callable[["Asked"], Answer]


def one_by_one(*answers: Answer) -> Script:
    """Give each request the next answer, and the last one to all that follow."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


class ScriptedServer(ThreadedServer):
    """A server that answers each request with the next of its answers, then with the last again, or by a script.

    `asked` has every request that came.
    """

    def __init__(self, *answers: Answer, script: Script | None = None) -> None:
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        server.daemon_threads = False  # so that closing waits for the answers under way
        super().__init__(server)
        self._script = script or one_by_one(*answers)
        self._closing = threading.Event()
        self.asked: list[Asked] = []

    def release(self) -> None:
        """End the answers that are held."""
        self._closing.set()

    def _next(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        return self._script(asked)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        script = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                asked = Asked(self.command, url.path, parse_qsl(url.query), dict(self.headers), body)
                self._answer(script._next(asked))

            do_POST = do_GET  # noqa: N815  # the name that the base class calls

            def _answer(self, answer: Answer) -> None:
                if answer.status == 0:
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)
                self.wfile.flush()
                if answer.held:
                    script._closing.wait()

            def log_message(self, *_: object) -> None:
                """Keep the output of the tests clean."""

        return Handler
