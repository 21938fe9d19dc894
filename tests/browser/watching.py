"""The requests and the console messages of a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Error, Page, Request, expect

PATIENCE_SECONDS = 120  # machines that run tests are busy
expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@dataclass
class Watched:
    """The URLs that a page requested, its errors and warnings, and its other console messages."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", self._requested)
        page.on("console", self._said)
        page.on("pageerror", self._failed)

    def stop(self, page: Page) -> None:
        page.remove_listener("request", self._requested)
        page.remove_listener("console", self._said)
        page.remove_listener("pageerror", self._failed)

    def stayed_with(self, url: str) -> bool:
        return all(request.startswith((url, "data:", "blob:")) for request in self.requests)

    def _requested(self, request: Request) -> None:
        self.requests.append(request.url)

    def _failed(self, error: Error) -> None:
        self.errors.append(str(error))

    def _said(self, message: ConsoleMessage) -> None:
        (self.errors if message.type in {"error", "warning"} else self.said).append(message.text)


@contextmanager
def watching(page: Page) -> Iterator[Watched]:
    """Watch a page that several tests open one after the other, up to the end of the block. The page is empty then."""
    watched = Watched()
    watched.watch(page)
    try:
        yield watched
        page.goto("about:blank")  # an error that comes late belongs to this test
    finally:
        watched.stop(page)
