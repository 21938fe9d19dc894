"""A page that publishes with the browser client, and a proxy that answers its requests badly."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page

from tests.browser.waiting import comes_true
from tests.support.server_process import ServerProcess
from tests.support.threaded import serving

_SCRIPT = (Path(__file__).parent / "publish.js").read_text()
_NAMES = itertools.count()


class Publishing:
    """A publisher in a page; `options` are those of the client."""

    def __init__(self, page: Page, **options: object) -> None:
        self.page = page
        self._kept = f"publishers.p{next(_NAMES)}"
        page.evaluate(_SCRIPT, [self._kept.removeprefix("publishers."), options])

    def publish(self, *batches: object) -> None:
        """Publish each batch, an event or a list of events, without waiting for the answers."""
        self.page.evaluate(f"(batches) => batches.forEach((batch) => {self._kept}.publish(batch))", list(batches))

    def results(self) -> list[Any]:
        """Wait until every call of `publish` has its result; return the results in the order of the calls."""
        return list(self._when(f"{self._kept}.results.every(Boolean)", f"{self._kept}.results"))

    def pending(self) -> int:
        return int(self.page.evaluate(f"{self._kept}.publisher.pending"))

    def has_the_lock(self) -> bool:
        """Return whether a page of this browser may send from the queue `outbox` now."""
        held = "(await navigator.locks.query()).held.map(({ name }) => name)"
        return bool(self.page.evaluate(f"async () => ({held}).includes('orders-events publish outbox')"))

    def sees(self, number: int) -> bool:
        """Wait until so many events are in the queue, as this page sees it."""
        return comes_true(self.page, f"{self._kept}.publisher.pending === {number}")

    def close(self) -> None:
        self.page.evaluate(f"{self._kept}.publisher.close()")

    def calls(self, kind: str) -> list[Any]:
        """Return the values of all calls of one handler: published, refused, state or error."""
        return [each["value"] for each in self.page.evaluate(f"{self._kept}.calls") if each["kind"] == kind]

    def reaches(self, state: str) -> dict[str, Any]:
        """Wait until the last state is this one; return it."""
        last = f"{self._kept}.calls.findLast(({{ kind }}) => kind === 'state')"
        return dict(self._when(f"{last}?.value.state === '{state}'", f"{last}.value"))

    def _when(self, condition: str, value: str) -> Any:
        assert comes_true(self.page, condition), self.page.evaluate(self._kept)
        return self.page.evaluate(value)


class BadAnswers:
    """A proxy of a server. `plan`: what to do with the next requests to publish; then they are passed on.

    An item of `plan` is a status with headers, to answer at once; `LOSE`, to pass the request on and to cut the connection instead of
    answering; or `CUT`, to cut it at once. While `passing` is not set, requests to publish wait.
    """

    LOSE = "lose"
    CUT = "cut"

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.url = ""
        self.plan: list[str | tuple[int, dict[str, str]]] = []
        self.bodies: list[list[dict[str, Any]]] = []
        self.passing = threading.Event()
        self.passing.set()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.bodies.append(json.loads(body))
        self.passing.wait()
        planned = self.plan.pop(0) if self.plan else ""
        if isinstance(planned, tuple):
            send(handler, planned[0], b"", {"Content-Length": "0", **planned[1]})
        elif planned != self.CUT:
            answer = httpx.post(f"{self.server.url}{handler.path}", content=body, headers=dict(handler.headers.items()))
            if planned != self.LOSE:
                send(handler, answer.status_code, answer.content, dict(answer.headers))

    def sent(self) -> list[str]:
        """Return the orders of all events that were sent so far, in the order in which they came."""
        return [event["data"]["orderId"] for body in self.bodies for event in body]


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        if name.lower() not in {"transfer-encoding", "connection", "date", "server", "content-encoding"}:
            handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def bad_answers(server: ServerProcess) -> Iterator[BadAnswers]:
    proxy = BadAnswers(server)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = httpx.get(f"{server.url}{self.path}", headers={"Accept-Encoding": "identity"})
            send(self, answer.status_code, answer.content, dict(answer.headers))

        def do_POST(self) -> None:
            proxy.answer(self)

        def log_message(self, *_: object) -> None:
            """Keep the output of the tests clean."""

    with serving(Handler) as proxy.url:
        try:
            yield proxy
        finally:
            proxy.passing.set()  # else the end of the proxy would wait for the requests that are held
