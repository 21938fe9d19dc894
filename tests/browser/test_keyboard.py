"""Each task of the pages is done with the keyboard alone: the focus is always visible, and Escape leads back to where it came from."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.dashboard import Dashboard, some
from tests.browser.walking import Keyboard
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import new_order, publish, shipped

PHONE = ViewportSize(width=390, height=844)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    yield page
    page.goto("about:blank")
    context.close()


def test_order_is_found_its_timeline_opened_and_its_link_copied(
    page: Page, server: ServerProcess, http: httpx.Client
) -> None:
    order = new_order()
    publish(http, shipped(order))
    Dashboard(page, server.url).live()
    keyboard = Keyboard(page)
    keyboard.tab_to(page.get_by_label("Order id", exact=True))
    keyboard.type(order)
    page.keyboard.press("Enter")
    expect(page.locator("#steps > li")).to_have_count(1)
    keyboard.tab_to(page.get_by_role("button", name="Copy link"))
    keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copied")).to_be_focused()
    assert page.evaluate("navigator.clipboard.readText()") == f"{server.url}/?order={order}"
    keyboard.tab_to(page.locator("summary"))
    keyboard.press("Enter")
    expect(page.locator(".wire")).to_be_visible()
    keyboard.tab_to(page.locator("article").get_by_role("link", name="Dashboard"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_have_text("Live")


def test_chart_is_changed_and_read(page: Page, server: ServerProcess, http: httpx.Client) -> None:
    dashboard = Dashboard(page, server.url).live()
    publish(http, *some(2, 1))
    dashboard.shows(shipped=2, cancelled=1)
    keyboard = Keyboard(page)
    keyboard.tab_to(page.get_by_role("radio", name="10 min"))
    keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"window=1h"))
    expect(page.get_by_role("radio", name="1 h", exact=True)).to_be_focused()
    keyboard.tab_to(page.locator("#cursor"))
    moment = page.locator("#cursor")
    expect(moment).to_have_attribute("aria-valuetext", re.compile(r"^\d\d:\d\d:00: \d+ shipped, \d+ cancelled$"))
    newest = moment.get_attribute("aria-valuenow")
    keyboard.press("ArrowLeft")
    expect(moment).not_to_have_attribute("aria-valuenow", str(newest))


def test_alarms_full_screen_filter_and_theme_are_chosen(page: Page, server: ServerProcess) -> None:
    dashboard = Dashboard(page, server.url).live()
    keyboard = Keyboard(page)
    keyboard.tab_to(page.locator("#theme"))
    keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    filters = page.get_by_role("button", name="Filter")
    keyboard.tab_to(filters)
    keyboard.press("Enter", "Tab")
    keyboard.escape_to(filters, page.locator("#view"))
    alarms = page.get_by_role("button", name="Alarms")
    keyboard.tab_to(alarms)
    keyboard.press("Enter")
    keyboard.tab_to(page.get_by_label("At least this many in a minute"))
    keyboard.type("5")
    keyboard.tab_to(page.get_by_role("button", name="Try the alarm"))
    keyboard.press("Enter")
    expect(dashboard.journal).to_contain_text("Alarm: This is how")
    keyboard.escape_to(alarms, page.locator("#alarms"))
    assert page.evaluate("JSON.parse(localStorage.getItem('orders-events.alarms')).most") == "5"
    full = page.locator("#full")
    if full.is_visible():
        keyboard.tab_to(full)
        keyboard.press("Enter")
        expect(full).to_have_text("Leave full screen")
        keyboard.press("Enter")
        expect(full).to_have_text("Full screen")


@pytest.mark.parametrize("path", ["", "docs", "docs/clients", "docs/try"])
def test_every_stop_is_seen_in_the_order_of_the_page(
    page: Page, server: ServerProcess, http: httpx.Client, path: str
) -> None:
    publish(http, *some(1, 1))
    page.goto(f"{server.url}/{path}?from=earliest" if not path else f"{server.url}/{path}")
    if not path:
        expect(page.locator("#orders tr").first).to_be_attached()
    assert Keyboard(page).walk() >= 15


def test_menu_and_search_lead_back_to_where_the_focus_was(page: Page, server: ServerProcess) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{server.url}/docs/clients")
    keyboard = Keyboard(page)
    for name, opened, inside in (
        ("Pages", "#pages", ("Tab",)),
        ("Search", "#search", ()),
        ("On this page", "#contents", ("Tab",)),
    ):
        button = page.get_by_role("button", name=name, exact=True)
        keyboard.tab_to(button)
        keyboard.press("Enter", *inside)
        keyboard.escape_to(button, page.locator(opened))
    link = page.locator("main a").first
    keyboard.tab_to(link)
    page.keyboard.press("/")
    keyboard.type("resume")
    expect(page.locator("#search-results li").first).to_be_visible()
    keyboard.press("ArrowDown")
    keyboard.escape_to(link, page.locator("#search"))


def test_command_is_copied(page: Page, server: ServerProcess) -> None:
    page.goto(f"{server.url}/docs/clients")
    copy = page.locator(".copy").first
    keyboard = Keyboard(page)
    keyboard.press("Tab", "Enter")  # past the navigation
    expect(page.locator("#content")).to_be_focused()
    keyboard.tab_to(copy)
    assert copy.evaluate("button => getComputedStyle(button).opacity") == "1"
    keyboard.press("Enter")
    expect(copy).to_have_text("Copied")
    expect(copy).to_be_focused()


def test_stream_is_followed_and_an_event_published_on_the_page_to_try(page: Page, server: ServerProcess) -> None:
    page.goto(f"{server.url}/docs/try")
    keyboard = Keyboard(page)
    start, frames = page.locator("#start"), page.locator("#frames > *")
    keyboard.tab_to(start)
    keyboard.press("Enter")
    expect(page.locator("#state")).to_have_text("Live")
    keyboard.focus_is_seen("Enter")
    keyboard.tab_to(page.get_by_role("button", name="Publish", exact=True))
    keyboard.press("Enter")
    expect(frames.filter(has_text="order.").first).to_be_visible()
    keyboard.focus_is_seen("Enter")
    keyboard.tab_to(page.locator("#stop"), "Shift+Tab")
    keyboard.press("Enter")
    expect(page.locator("#state")).not_to_have_text("Live")
    keyboard.focus_is_seen("Enter")
