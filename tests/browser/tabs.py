"""Tabs of Chromium that follow several servers behind one address with an EventSource each, while a test goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Page, async_playwright

from tests.browser.chromium import CHROMIUM_FLAGS, find_chromium
from tests.browser.following import TYPES
from tests.support.checker import SubscriberLog
from tests.support.publishers import LAST
from tests.support.subscribers import PATIENCE_SECONDS
from tests.transports.http.orders import EVENTS

_FOLLOW: Final = (Path(__file__).parent / "page.js").read_text()
_HAS_SEEN: Final = "marks => marks.every(mark => window.seen.some(({ data }) => data.includes(mark)))"
_IN_ONE_CONTEXT: Final = 5  # Chromium opens at most six connections of one context to one address
_CLOSED: Final = 2


class Tabs:
    """The tabs. Filled at the end: `logs` with what they read, `closed` with how many have given up for good, and `errors` with
    how often one lost its connection.
    """

    def __init__(self) -> None:
        self.logs: list[SubscriberLog] = []
        self.closed = 0
        self.errors = 0

    async def finish(self, page: Page) -> None:
        """Wait until a tab has read the last events, or its EventSource is closed; keep what it has."""
        marks = [str(mark) for mark in LAST.values()]
        await page.wait_for_function(
            f"marks => window.source.readyState == {_CLOSED} || ({_HAS_SEEN})(marks)",
            arg=marks,
            timeout=PATIENCE_SECONDS * 1000,
        )
        self.closed += await page.evaluate("window.source.readyState") == _CLOSED
        self.errors += await page.evaluate("window.lost")
        log = SubscriberLog(f"tab {len(self.logs)}")
        for each in await page.evaluate("window.seen"):
            log.take(each["type"], each["data"], each["id"])
        self.logs.append(log)


@asynccontextmanager
async def tabs_following(url: str, count: int) -> AsyncIterator[Tabs]:
    """Open tabs that follow from the earliest event on; at the end of the block, wait until each has read the last events."""
    tabs = Tabs()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_FLAGS))
        pages = [
            page for first in range(0, count, _IN_ONE_CONTEXT) for page in await _open(browser, url, count - first)
        ]
        yield tabs
        for page in pages:
            await tabs.finish(page)
        await browser.close()


async def _open(browser: Browser, url: str, most: int) -> list[Page]:
    context = await browser.new_context()
    pages = [await context.new_page() for _ in range(min(most, _IN_ONE_CONTEXT))]
    for page in pages:
        await page.goto(f"{url}/docs")
        await page.evaluate(_FOLLOW, [f"{url}{EVENTS}?from=earliest", list(TYPES)])
    return pages
