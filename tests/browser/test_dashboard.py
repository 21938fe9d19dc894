"""The dashboard in a real browser shows the events that were published."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.axe import findings
from tests.browser.dashboard import Dashboard, some
from tests.browser.following import patient
from tests.support.contract_copy import ContractCopy
from tests.support.order_returned import add_order_returned
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled, eventually, new_order, publish, shipped, streams_open

DESKTOP, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
MARKUP = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>&amp;"


@pytest.fixture
def dashboard(http: httpx.Client, page: Page, server: ServerProcess) -> Dashboard:  # noqa: ARG001  # it waits for no stream
    return Dashboard(page, server.url).live()


# Counting


def test_counts_start_when_the_page_is_opened(dashboard: Dashboard, http: httpx.Client) -> None:
    dashboard.shows(shipped=0, cancelled=0)
    publish(http, *some(3, 2))
    dashboard.shows(shipped=3, cancelled=2)
    publish(http, *some(1, 0))
    dashboard.shows(shipped=4, cancelled=2)
    assert dashboard.watched.errors == []
    assert dashboard.watched.stayed_with(f"{dashboard.url}/"), dashboard.watched.requests


def test_counts_start_at_the_oldest_event_if_the_view_says_so(page: Page) -> None:
    with ServerProcess("--store", "memory:", *QUICK) as server, patient(server) as http:
        for _ in range(12):
            publish(http, *some(900, 100))
        dashboard = Dashboard(page, server.url, "?from=earliest")
        dashboard.shows(shipped=10_800, cancelled=1_200)
        publish(http, *some(1, 1))
        dashboard.shows(shipped=10_801, cancelled=1_201)
        expect(dashboard.fact("lag")).to_contain_text("none, checked")
        page.goto("about:blank")


def test_counts_are_right_while_nothing_is_drawn(page: Page, server: ServerProcess, http: httpx.Client) -> None:
    # A browser treats a hidden page so: `hidden` is true, and no animation frames are requested.
    page.add_init_script("""
        Object.defineProperty(Document.prototype, 'hidden', { get: () => true });
        window.requestAnimationFrame = () => 0;
    """)
    dashboard = Dashboard(page, server.url).live()
    publish(http, *some(3, 1))
    dashboard.shows(shipped=3, cancelled=1)
    expect(page).to_have_title(re.compile(r"^3 shipped, 1 cancelled · "))


def test_new_event_type_has_its_tile_by_files_alone(page: Page, tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    add_order_returned(copy)
    arguments = ("--store", "memory:", "--contract", str(copy.root), *QUICK)
    with ServerProcess(*arguments) as server, patient(server) as http:
        dashboard = Dashboard(page, server.url).live()
        dashboard.shows(returned=0)
        publish(http, {"eventType": "order.returned", "data": {**some(1, 0)[0]["data"], "items": 2}})
        dashboard.shows(returned=1, shipped=0)
        expect(dashboard.rows.first).to_contain_text("Returned")
        expect(dashboard.rows.first).to_contain_text("items 2")
        page.goto("about:blank")


# The newest events


def test_newest_events_are_listed_the_newest_first(dashboard: Dashboard, http: httpx.Client) -> None:
    first, second = new_order(), new_order()
    publish(http, shipped(first), cancelled(second, "Paid twice"))
    expect(dashboard.rows).to_have_count(2)
    expect(dashboard.rows.nth(0).locator("th, td")).to_have_text(
        ["Cancelled", second, re.compile(r"^2024-"), "Paid twice"]
    )
    expect(dashboard.rows.nth(1).locator("th, td")).to_have_text(["Shipped", first, re.compile(r"^2024-"), ""])
    publish(http, shipped(second))
    expect(dashboard.rows.nth(0)).to_contain_text("Shipped")


def test_list_is_bounded_and_keeps_the_newest(dashboard: Dashboard, http: httpx.Client) -> None:
    *_, last = publish(http, *some(900, 0))
    dashboard.shows(shipped=900)
    expect(dashboard.rows).to_have_count(50)
    expect(dashboard.rows.first).to_have_attribute("data-id", last)


def test_usual_order_stands_on_one_line_beside_long_ones_of_another_day(
    dashboard: Dashboard, http: httpx.Client
) -> None:
    dashboard.page.set_viewport_size(DESKTOP)
    publish(http, shipped("43ad25e09be659b55ed165e2dd94f360"), cancelled("or_3fc6fbfbd972", "Unknown address"))
    order = dashboard.page.get_by_role("link", name="or_3fc6fbfbd972")
    expect(order).to_be_visible()
    assert order.evaluate("order => order.getClientRects().length") == 1


def test_focus_stays_while_events_arrive_and_the_row_stays_under_it(dashboard: Dashboard, http: httpx.Client) -> None:
    order = new_order()
    publish(http, shipped(order))
    link = dashboard.page.get_by_role("link", name=order)
    link.focus()
    publish(http, *some(60, 0))
    expect(dashboard.page.locator("#held")).to_contain_text("60 newer")
    expect(link).to_be_focused()
    expect(dashboard.rows).to_have_count(1)
    dashboard.page.keyboard.press("Shift+Tab")
    expect(dashboard.rows).to_have_count(50)


def test_empty_list_says_how_to_publish_until_an_event_arrives(dashboard: Dashboard, http: httpx.Client) -> None:
    empty = dashboard.page.locator("#no-orders")
    expect(empty.locator("code")).to_contain_text(f"curl '{dashboard.url}/events/orders'")
    publish(http, shipped())
    expect(empty).to_be_hidden()


def test_rows_are_whole_at_the_end_of_a_long_list(dashboard: Dashboard, http: httpx.Client) -> None:
    dashboard.page.set_viewport_size(DESKTOP)
    publish(http, *some(60, 0))
    expect(dashboard.rows).to_have_count(50)
    cut = """rows => rows.filter((row) => {
        const box = row.getBoundingClientRect(), end = row.closest('.scroll').getBoundingClientRect().bottom;
        return box.top < end - 1 && box.bottom > end + 1;
    }).length"""
    assert dashboard.rows.evaluate_all(cut) == 0


def test_connection_log_is_two_keys_away(dashboard: Dashboard) -> None:
    for key in ("Tab", "Tab", "Enter"):
        dashboard.page.keyboard.press(key)
    expect(dashboard.journal).to_be_focused()


def test_markup_in_events_is_shown_as_text(dashboard: Dashboard, http: httpx.Client) -> None:
    publish(http, cancelled("or_1", MARKUP))
    expect(dashboard.rows.first.locator("td").last).to_have_text(MARKUP)
    dashboard.shows(cancelled=1)
    assert dashboard.page.locator("#orders img, #orders script").count() == 0
    assert "owned" not in dashboard.page.title()
    assert dashboard.watched.errors == []


def test_markup_in_the_address_is_shown_as_text(page: Page, server: ServerProcess) -> None:
    dashboard = Dashboard(page, server.url, "?orderId=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&eventTypes=%3Cb%3E")
    expect(dashboard.state).to_contain_text("Refused")
    assert page.locator("main img, main b").count() == 0


# Filters


def test_view_by_type_counts_that_type_only(page: Page, server: ServerProcess, http: httpx.Client) -> None:
    dashboard = Dashboard(page, server.url, "?eventTypes=order.cancelled").live()
    publish(http, *some(2, 1))
    dashboard.shows(cancelled=1, shipped=0)
    expect(page.locator(".tile.left-out")).to_contain_text("Not in this view")
    expect(dashboard.rows).to_have_count(1)


def test_view_of_an_order_counts_its_events_only(page: Page, server: ServerProcess, http: httpx.Client) -> None:
    order = new_order()
    publish(http, shipped(order), shipped(), cancelled(order))
    dashboard = Dashboard(page, server.url, f"?orderId={order}&from=earliest").live()
    dashboard.shows(shipped=1, cancelled=1)
    publish(http, shipped(), shipped(order))
    dashboard.shows(shipped=2, cancelled=1)
    expect(page.locator("#counts-title")).to_contain_text(order)


def test_filter_is_chosen_with_the_keyboard_and_kept_in_the_address(dashboard: Dashboard) -> None:
    page, keyboard = dashboard.page, dashboard.page.keyboard
    page.get_by_role("button", name="Filter").focus()
    keyboard.press("Enter")
    page.get_by_role("checkbox", name="Cancelled").focus()
    keyboard.press("Space")
    page.get_by_label("Order ids", exact=True).focus()
    keyboard.type("or_1, or_2")
    keyboard.press("Tab")
    keyboard.press("ArrowDown")
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(page).to_have_url(f"{dashboard.url}/?eventTypes=order.cancelled&orderId=or_1,or_2&from=earliest")
    dashboard.live()
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("checkbox", name="Cancelled")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Shipped")).not_to_be_checked()
    expect(page.get_by_label("Order ids", exact=True)).to_have_value("or_1, or_2")
    expect(page.get_by_label("Count", exact=True)).to_have_value("earliest")
    keyboard.press("Escape")
    expect(page.locator("#view")).to_be_hidden()


def test_view_that_the_server_refuses_is_explained_and_not_requested_again(page: Page, server: ServerProcess) -> None:
    page.clock.install()
    dashboard = Dashboard(page, server.url, "?eventTypes=order.lost")
    expect(dashboard.state).to_have_text(re.compile("^Refused: eventTypes"))
    expect(dashboard.page.locator("#lanes > *")).to_have_count(0)  # and no axis of a time that nobody asked for
    expect(page.get_by_role("alert")).to_contain_text("Change the filter")
    expect(page.locator("#pause")).to_be_disabled()
    asked = len(dashboard.watched.requests)
    page.clock.run_for("02:00")
    assert len(dashboard.watched.requests) == asked


# Pause


def test_pause_loses_nothing_and_shows_how_many_events_wait(dashboard: Dashboard, http: httpx.Client) -> None:
    publish(http, *some(1, 0))
    dashboard.shows(shipped=1)
    dashboard.press("Pause")
    expect(dashboard.state).to_have_text("Paused, nothing is lost")
    publish(http, *some(2, 1))
    expect(dashboard.fact("lag")).to_have_text("3 waiting")
    dashboard.shows(shipped=1, cancelled=0)
    dashboard.press("Resume")
    dashboard.live().shows(shipped=3, cancelled=1)
    expect(dashboard.gaps).to_have_count(0)


def test_pause_and_resume_by_keyboard(dashboard: Dashboard) -> None:
    button = dashboard.page.locator("#pause")
    button.focus()
    dashboard.page.keyboard.press("Enter")
    expect(button).to_have_text("Resume")
    expect(button).to_be_focused()
    dashboard.page.keyboard.press("Enter")
    dashboard.live()


# Many


def test_dashboards_in_many_tabs_take_one_connection(
    server: ServerProcess, http: httpx.Client, chromium: Browser
) -> None:
    context = chromium.new_context()
    # Chromium takes a moment to end the streams of closed pages.
    assert eventually(lambda: streams_open(http) == 0)
    # More tabs than the six connections that a browser opens to one host.
    dashboards = [Dashboard(context.new_page(), server.url).live() for _ in range(8)]
    assert eventually(lambda: streams_open(http) == 1)
    publish(http, *some(2, 1))
    for dashboard in dashboards:
        dashboard.shows(shipped=2, cancelled=1)
    context.close()


# Reading


@pytest.fixture(scope="module")
def forgetful() -> Iterator[ServerProcess]:
    """A server whose retention has deleted events, so that a view from an earlier id starts with a gap."""
    with ServerProcess("--store", "memory:", "--retain-events", "5", *QUICK) as server:
        with patient(server) as http:
            publish(http, *some(8, 0), shipped("or_1"), cancelled("or_2"))
        yield server


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_dashboard_is_accessible(forgetful: ServerProcess, chromium: Browser, size: ViewportSize, scheme: Any) -> None:
    page = chromium.new_page(viewport=size, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    dashboard = Dashboard(page, forgetful.url, "?since=2026-01-01T00:00:00Z&orderId=or_1,or_2").live()
    dashboard.shows(shipped=1, cancelled=1)
    expect(dashboard.gaps).to_have_count(1)
    found = []
    for show in ("live", "values", "paused", "filter", "alarms"):
        if show == "values":
            page.locator("#cursor").focus()
        if show == "paused":
            dashboard.press("Pause")
            expect(dashboard.state).to_contain_text("Paused")
        if show == "filter":
            page.locator("#choose").click()
        if show == "alarms":
            page.keyboard.press("Escape")
            dashboard.press("Alarms")
        found += [(show, each) for each in findings(page)]
    assert dashboard.sideways() == 0
    page.goto(f"{forgetful.url}/?order=or_2")
    expect(page.locator("#steps > li")).to_have_count(1)
    page.locator("summary").click()
    found += [("order", each) for each in findings(page)]
    assert dashboard.sideways() == 0
    page.close()
    assert found == []


def test_dashboard_fits_a_phone_with_the_longest_texts(
    server: ServerProcess, http: httpx.Client, chromium: Browser
) -> None:
    page = chromium.new_page(viewport=PHONE, is_mobile=True, has_touch=True)
    dashboard = Dashboard(page, server.url).live()
    publish(http, cancelled("o" * 128, "r" * 500), shipped("o" * 128))
    dashboard.shows(shipped=1, cancelled=1)
    expect(dashboard.rows).to_have_count(2)
    assert dashboard.sideways() == 0
    page.locator("#choose").click()
    expect(page.locator("#view")).to_be_in_viewport(ratio=1)
    assert dashboard.sideways() == 0
    dashboard.press("Pages")
    expect(page.get_by_role("link", name="Settings")).to_be_in_viewport(ratio=1)
    page.close()


def test_large_screen_shows_everything_without_scrolling(dashboard: Dashboard, http: httpx.Client) -> None:
    dashboard.page.set_viewport_size(ViewportSize(width=1920, height=1080))
    publish(http, *some(100, 10))
    dashboard.shows(shipped=100)
    for part in ("#state", "#tiles", "#lanes", "#orders tr:first-child", "#journal li:first-child"):
        expect(dashboard.page.locator(part)).to_be_in_viewport()
    assert dashboard.page.evaluate("document.documentElement.scrollHeight - document.documentElement.clientHeight") == 0


def test_chosen_theme_holds_on_every_page(dashboard: Dashboard) -> None:
    page = dashboard.page
    page.emulate_media(color_scheme="light")
    light = background(page)
    dashboard.press("Dark theme")
    dark = background(page)
    assert light != dark
    page.goto(f"{dashboard.url}/docs")
    assert background(page) == dark
    page.get_by_role("button", name="Light theme").click()
    page.goto(dashboard.url)
    assert background(page) == light


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))


def test_state_of_the_connection_is_announced_to_screen_readers(dashboard: Dashboard) -> None:
    announced = dashboard.page.get_by_role("status")
    expect(announced).to_have_text("Live")
    dashboard.press("Pause")
    expect(announced).to_have_text("Paused, nothing is lost")
