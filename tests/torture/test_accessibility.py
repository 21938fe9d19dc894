"""axe-core finds nothing on any page of the documentation, nor in any state of the dashboard, on a desk and a phone, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.browser.axe import findings
from tests.browser.chromium import launch_chromium
from tests.browser.dashboard import Dashboard, some
from tests.browser.following import patient
from tests.pages.contract import pages
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled, publish, shipped

FOREIGN: Final = {"docs/explorer": ("#content", ".scalar-app", "[class*='scalar']")}
"""Parts that Scalar draws, in which axe finds some 28 faults; the page says that the reference has the same operations."""
WITH_FOREIGN: Final = {
    "rules": {"landmark-no-duplicate-banner": {"enabled": False}}
}  # on a phone Scalar has one of its own
WAYS: Final = [*product((ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)), ("light", "dark"))]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A server whose retention has deleted events."""
    with ServerProcess("--store", "memory:", "--retain-events", "5", *QUICK) as server:
        with patient(server) as http:
            publish(http, *some(8, 0), shipped("or_1"), cancelled("or_2", "Paid twice"))
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright, launch_chromium(playwright) as browser:
        yield browser


def judged(page: Page, what: str) -> list[str]:
    """Return what axe finds in each of the ways to look at a page."""
    found = []
    for size, scheme in WAYS:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        options = WITH_FOREIGN if what in FOREIGN else None
        found += [
            f"{what}, {size['width']}, {scheme}: {each}" for each in findings(page, options, FOREIGN.get(what, ()))
        ]
    return found


@pytest.mark.parametrize("name", sorted(pages()))
def test_page_has_no_findings(server: ServerProcess, chromium: Browser, name: str) -> None:
    page = chromium.new_page(bypass_csp=True)
    page.goto(f"{server.url}/{name}")
    found = judged(page, name)
    page.close()
    assert found == []


def alarms(dashboard: Dashboard) -> None:
    dashboard.press("Alarms")
    expect(dashboard.page.locator("#alarms")).to_be_visible()


def filters(dashboard: Dashboard) -> None:
    dashboard.page.locator("#choose").click()
    expect(dashboard.page.locator("#view")).to_be_visible()


def paused(dashboard: Dashboard) -> None:
    dashboard.press("Pause")
    expect(dashboard.state).to_contain_text("Paused")


def live(dashboard: Dashboard) -> None:
    dashboard.live()


def refused(dashboard: Dashboard) -> None:
    expect(dashboard.page.locator("#refused")).to_be_visible()


def timeline(dashboard: Dashboard) -> None:
    dashboard.page.locator("summary").first.click()
    expect(dashboard.page.locator(".wire").first).to_be_visible()


STATES: Final[dict[str, tuple[str, Callable[[Dashboard], None]]]] = {
    "empty": ("", live),
    "filled": ("?from=earliest", live),
    "gap": ("?since=2026-01-01T00:00:00Z", live),
    "kiosk": ("?kiosk&from=earliest", live),
    "refused": ("?eventTypes=order.lost", refused),
    "paused": ("?from=earliest", paused),
    "alarms": ("", alarms),
    "filter": ("", filters),
    "order": ("?order=or_2", timeline),
}


@pytest.mark.parametrize("name", STATES)
def test_state_of_the_dashboard_has_no_findings(server: ServerProcess, chromium: Browser, name: str) -> None:
    query, reach = STATES[name]
    page = chromium.new_page(bypass_csp=True)
    dashboard = Dashboard(page, server.url, query)
    if name not in {"refused", "order"}:
        dashboard.live()
    reach(dashboard)
    found = judged(page, name)
    page.close()
    assert found == []


def test_lost_connection_has_no_findings(chromium: Browser) -> None:
    page = chromium.new_page(bypass_csp=True)
    with ServerProcess("--store", "memory:", *QUICK) as server:
        dashboard = Dashboard(page, server.url).live()
    expect(dashboard.state).to_contain_text("Not connected")
    found = judged(page, "lost")
    page.close()
    assert found == []
