"""A server of the browser client's files, and of streams that a correct server never sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.support.threaded import serving

CLIENT = Path(__file__).parents[2] / "app" / "pages" / "client"


@dataclass(frozen=True)
class Answer:
    """A response: its body is sent piece by piece, and then the connection is closed."""

    status: int = 200
    pieces: Iterable[bytes] = ()
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/event-stream"})


@dataclass(frozen=True)
class Asked:
    """A request for a stream: its path below `/stream/`, its headers in lower case, and the last id from the header, else the query."""

    path: str
    headers: Mapping[str, str]
    last_event_id: str


@contextmanager
def client_server(answer: Callable[[Asked], Answer]) -> Iterator[str]:
    """Serve an empty page at `/`, the client, and streams: `answer` is called with each request for one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if url.path.startswith("/stream/"):
                header = self.headers.get("Last-Event-ID", "").encode("latin-1").decode()  # browsers send UTF-8
                headers = {name.lower(): value for name, value in self.headers.items()}
                last_event_id = header or parse_qs(url.query).get("lastEventId", [""])[0]
                self._send(answer(Asked(url.path.removeprefix("/stream/"), headers, last_event_id)))
            elif (CLIENT / url.path[1:]).is_file():
                script = (CLIENT / url.path[1:]).read_bytes()
                self._send(Answer(200, (script,), {"Content-Type": "text/javascript"}))
            else:
                self._send(Answer(200, (b"<!doctype html><title>Client</title>",), {"Content-Type": "text/html"}))

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # a client may leave
                for piece in answer.pieces:
                    self.wfile.write(piece)
                    self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Keep the output of the tests clean."""

    with serving(Handler) as url:
        yield url
