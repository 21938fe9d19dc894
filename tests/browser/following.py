"""Foreign clients that follow a stream, with one interface to read what each has received."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import httpx
import httpx_sse
from playwright.sync_api import Page

from tests.support.server_process import ServerProcess
from tests.transports.http.orders import EVENTS, PAGE, eventually, frames
from tests.transports.http.wire import SHORT_LIVED

HERE = Path(__file__).parent
TYPES = ("order.shipped", "order.cancelled", "stream.checkpoint", "stream.gap", "stream.closing")
PATIENCE_SECONDS = 120


def patient(server: ServerProcess) -> httpx.Client:
    """Make an HTTP client of a server, with a timeout that is long enough on a busy machine."""
    return httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS, trust_env=False, limits=SHORT_LIVED)


class Seen(NamedTuple):
    """An event as a client passes it to its user."""

    type: str
    id: str
    data: Any


def published(http: httpx.Client, **query: str) -> list[Seen]:
    """Return the stored events, in the form in which every client must receive them."""
    page = http.get(EVENTS, params={"from": "earliest", "limit": "1000", **query}, headers=PAGE).json()
    return [Seen(event["eventType"], event["id"], event["data"]) for event in page["events"]]


class Following:
    """A client that follows a stream. `seen`: returns everything that it has received so far."""

    def __init__(self, seen: Callable[[], list[Seen]]) -> None:
        self.seen = seen

    def order_events(self) -> list[Seen]:
        return [event for event in self.seen() if event.type.startswith("order.")]

    def first(self) -> Seen:
        assert eventually(lambda: bool(self.seen()), PATIENCE_SECONDS)
        return self.seen()[0]

    def through(self, event_id: str) -> list[Seen]:
        """Wait until an event has been received; return the order events received so far."""
        assert eventually(lambda: event_id in {event.id for event in self.order_events()}, PATIENCE_SECONDS), (
            self.seen()
        )
        return self.order_events()


class PageFollowing(Following):
    """An EventSource in a page."""

    def __init__(self, page: Page, url: str) -> None:
        super().__init__(self._seen)
        self._page = page
        page.evaluate((HERE / "page.js").read_text(), [url, list(TYPES)])

    def closed(self) -> bool:
        """Wait until the EventSource has given up; return whether it did."""
        return eventually(lambda: bool(self._page.evaluate("window.source.readyState") == 2), PATIENCE_SECONDS)

    def reconnections(self) -> int:
        return int(self._page.evaluate("window.lost"))

    def _seen(self) -> list[Seen]:
        return [_seen(event) for event in self._page.evaluate("window.seen")]


@contextmanager
def node_following(node: str, url: str) -> Iterator[Following]:
    """Follow with the `eventsource` package in Node."""
    with _lines([node, str(HERE / "follow.mjs"), url, *TYPES]) as lines:
        yield Following(lambda: [_seen(json.loads(line)) for line in list(lines)])


@contextmanager
def curl_following(curl: str, url: str, *options: str) -> Iterator[Following]:
    """Follow with curl, as in the documentation, or with more options."""
    with _lines([curl, "--silent", "--no-buffer", *options, url]) as lines:
        yield Following(lambda: _decoded(list(lines)))


@contextmanager
def httpx_following(url: str) -> Iterator[Following]:
    """Follow with httpx-sse, in a thread that ends with the stream, so the URL must have a limit."""
    seen: list[Seen] = []

    def follow() -> None:
        with (
            httpx.Client(timeout=PATIENCE_SECONDS) as client,
            httpx_sse.connect_sse(client, "GET", url) as source,
        ):
            for each in source.iter_sse():
                seen.append(Seen(each.event, each.id, each.json()))  # noqa: PERF401  # another thread looks at it meanwhile

    thread = threading.Thread(target=follow)
    thread.start()
    yield Following(lambda: list(seen))
    thread.join(PATIENCE_SECONDS)


@contextmanager
def _lines(command: list[str]) -> Iterator[list[str]]:
    """Run a program; yield a list to which its lines are added as they come."""
    lines: list[str] = []

    def read(output: IO[str]) -> None:
        for line in output:
            lines.append(line)  # noqa: PERF402  # another thread looks at it meanwhile

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdout is not None
        reader = threading.Thread(target=read, args=(process.stdout,))
        reader.start()
        try:
            yield lines
        finally:
            process.terminate()
            reader.join(PATIENCE_SECONDS)


def _decoded(lines: list[str]) -> list[Seen]:
    """Decode the complete events among the lines of a stream so far."""
    whole, blank, _ = "".join(lines).rpartition("\n\n")
    return [Seen(frame.event or "", frame.id or "", json.loads(frame.data or "")) for frame in frames(whole + blank)]


def _seen(event: dict[str, str]) -> Seen:
    return Seen(event["type"], event["id"], json.loads(event["data"]))
