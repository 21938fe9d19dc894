"""The page that follows the stream, as a user of it sees and presses it."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.watching import Watched


class Bench:
    """The page, opened at a server."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.watched = Watched()
        self.watched.watch(page)
        page.goto(f"{url}/docs/try")
        self.state = page.locator("#state")
        self.frames = page.locator("#frames > details")
        self.order_events = page.locator("#frames > .order")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def field(self, name: str, value: str) -> None:
        self.page.get_by_label(name, exact=True).fill(value)

    def choose_websocket(self) -> None:
        self.page.get_by_label("Transport").select_option("websocket")

    def shown_ids(self) -> list[str]:
        return self.order_events.locator(".id").all_text_contents()

    def wire_text(self, index: int) -> str | None:
        return self.frames.nth(index).locator(".wire").text_content()
