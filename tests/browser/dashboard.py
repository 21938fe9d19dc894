"""The dashboard in a browser, with names for the parts that tests read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.watching import Watched
from tests.transports.http.orders import cancelled, shipped


class Dashboard:
    """The page at `/` of a server. `live` waits until it is connected."""

    def __init__(self, page: Page, url: str, query: str = "") -> None:
        self.page = page
        self.url = url
        self.watched = Watched()
        self.watched.watch(page)
        page.goto(f"{url}/{query}")
        self.state = page.locator("#state")
        self.gaps = page.locator("#gaps .gap")
        self.rows = page.locator("#orders tr")
        self.journal = page.locator("#journal")

    def live(self) -> Dashboard:
        expect(self.state).to_have_text("Live")
        return self

    def count(self, event_type: str) -> Locator:
        return self.page.locator(f'[data-count="{event_type}"]')

    def fact(self, name: str) -> Locator:
        return self.page.locator(f"#{name}")

    def shows(self, **counts: int) -> None:
        """Wait until the counts are these; `shipped=3` means 3 events of the type order.shipped."""
        for name, count in counts.items():
            expect(self.count(f"order.{name}")).to_have_text(str(count))

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def sideways(self) -> int:
        """Return by how many pixels the content is wider than the screen."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def some(shipped_count: int, cancelled_count: int, **data: Any) -> list[dict[str, Any]]:
    """Make events with the current time."""
    events = [shipped() for _ in range(shipped_count)] + [cancelled() for _ in range(cancelled_count)]
    when = datetime.now(UTC).isoformat()
    return [{**event, "data": {**event["data"], "when": when, **data}} for event in events]
