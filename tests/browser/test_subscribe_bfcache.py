"""Back and forward: a page that Chromium keeps in its back/forward cache continues after its last event."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.browser.chromium import CHROMIUM_FLAGS, DESKTOP, be_patient, find_chromium
from tests.browser.following import PATIENCE_SECONDS
from tests.browser.subscribing import Subscribed
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import cancelled, eventually, publish, shipped, streams_open

OFF = "--disable-back-forward-cache"  # a flag with which Playwright starts Chromium


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = find_chromium(*DESKTOP)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=list(CHROMIUM_FLAGS), ignore_default_args=[OFF]
        )
        browser.on("context", be_patient)
        yield browser
        browser.close()


def was_kept(page: Page) -> bool:
    """Return whether the page was restored instead of loaded again."""
    try:
        return bool(page.evaluate("Boolean(window.persisted)"))
    except Error:
        return False  # during the navigation no page can be asked


@pytest.mark.parametrize(
    "options",
    [
        {"shared": False},
        {"shared": False, "transport": "fetch"},
        {"shared": False, "transport": "websocket"},
        {"shared": True},
    ],
    ids=["eventsource", "fetch", "websocket", "shared"],
)
def test_page_from_the_back_forward_cache_continues_after_its_last_event(
    server: ServerProcess, page: Page, options: dict[str, object]
) -> None:
    with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http:
        page.goto(f"{server.url}/docs")
        page.evaluate("addEventListener('pageshow', ({ persisted }) => (window.persisted = persisted))")
        subscribed = Subscribed(page, **options)
        subscribed.reaches("open")
        (first,) = publish(http, shipped())
        subscribed.through(first)
        page.goto(f"{server.url}/docs/events")
        assert eventually(lambda: streams_open(http) == 0)
        missed = publish(http, shipped(), cancelled())
        page.evaluate("void setTimeout(() => history.back())")
        assert eventually(lambda: was_kept(page))
        subscribed.through(missed[-1])
        assert subscribed.ids() == [first, *missed]
        assert "frozen" in {state.get("reason") for state in subscribed.calls("state")}
        subscribed.do("close()")
        assert eventually(lambda: streams_open(http) == 0)
