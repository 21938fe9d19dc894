"""The chart, the rates and the counts of the dashboard agree with the log, also after the page was loaded again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.dashboard import Dashboard, some
from tests.browser.following import patient
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled, publish, shipped


@pytest.fixture
def dashboard(page: Page, fresh: ServerProcess) -> Iterator[Dashboard]:
    yield Dashboard(page, fresh.url).live()
    page.goto("about:blank")


@pytest.fixture
def fresh() -> Iterator[ServerProcess]:
    """A server whose log has only the events of one test: two of a type, which were stored before the page was opened."""
    with ServerProcess("--store", "memory:", *QUICK) as server:
        with patient(server) as http:
            publish(http, shipped(), shipped())
        yield server


@pytest.fixture
def http(fresh: ServerProcess) -> Iterator[httpx.Client]:
    with patient(fresh) as client:
        yield client


def lane(dashboard: Dashboard, name: str, window: str = "The last 10 minutes") -> str:
    """Return what a screen reader says of the chart of an event type, as a pattern: the number of its events."""
    picture = dashboard.page.locator(f'.lane[data-type="order.{name}"] svg')
    expect(picture).to_have_attribute("aria-label", re.compile(rf" events?\. {window}, in 1?\d equal parts?: [\d, ]+$"))
    return str(picture.get_attribute("aria-label"))


def drawn(dashboard: Dashboard, name: str, count: int) -> None:
    """Wait until the chart has so many events of a type, whatever their `when` is."""
    picture = dashboard.page.locator(f'.lane[data-type="order.{name}"] svg')
    expect(picture).to_have_attribute("aria-label", re.compile(rf"^{name.capitalize()}: {count} events?\. "))


def test_chart_has_what_was_stored_before_and_what_arrives_and_rates_do_not_guess(
    dashboard: Dashboard, http: httpx.Client
) -> None:
    drawn(dashboard, "shipped", 2)
    publish(http, *some(4, 0), cancelled(), cancelled())  # the `when` of the latter is in 2024
    drawn(dashboard, "shipped", 6)
    drawn(dashboard, "cancelled", 2)
    tile = dashboard.page.locator('.tile[data-type="order.cancelled"]')
    expect(tile.locator(".rate")).to_have_text("2")
    expect(tile.locator(".per")).to_have_text(re.compile(r"^in \d+\ss$"))
    expect(tile.locator(".share")).to_have_text(re.compile(r"^33\s% of all$"))
    expect(tile.locator(".reasons")).to_have_text(re.compile(r"^100\s% Paid twice$"))
    assert "The last 10 minutes" in lane(dashboard, "shipped")


def test_reload_restores_counts_rows_and_chart(dashboard: Dashboard, http: httpx.Client) -> None:
    publish(http, *some(60, 3))
    dashboard.shows(shipped=60, cancelled=3)
    drawn(dashboard, "shipped", 62)
    dashboard.page.reload()
    dashboard.live().shows(shipped=60, cancelled=3)
    drawn(dashboard, "shipped", 62)
    expect(dashboard.rows).to_have_count(50)
    publish(http, *some(1, 0))
    dashboard.shows(shipped=61)
    dashboard.press("Count from now")
    dashboard.live().shows(shipped=0, cancelled=0)


def test_every_window_is_drawn_and_kept_in_the_address(dashboard: Dashboard) -> None:
    page = dashboard.page
    for name, title in (("1 h", "The last hour"), ("24 h", "The last 24 hours"), ("All", "Everything that is stored")):
        page.get_by_role("radio", name=name).check()
        expect(page.locator("#chart-title")).to_have_text(title)
        drawn(dashboard, "shipped", 2)
    expect(page).to_have_url(f"{dashboard.url}/?window=all")
    page.reload()
    dashboard.live()
    expect(page.get_by_role("radio", name="All")).to_be_checked()
    drawn(dashboard, "shipped", 2)


def test_values_are_read_with_the_keyboard_and_the_pointer(dashboard: Dashboard) -> None:
    drawn(dashboard, "shipped", 2)
    cursor, reading = dashboard.page.get_by_role("slider", name="Moment in the chart"), dashboard.fact("reading")
    expect(reading).to_have_text("events in each 10 seconds")
    cursor.focus()
    for key in ("Home", "End"):
        dashboard.page.keyboard.press(key)
        expect(cursor).to_have_attribute("aria-valuenow", "1" if key == "Home" else "60")
        expect(reading).to_have_text(re.compile(r"^\d\d:\d\d:\d0: \d shipped, 0 cancelled$"))
    dashboard.page.keyboard.press("ArrowLeft")
    expect(cursor).to_have_attribute("aria-valuenow", "59")
    cursor.blur()
    expect(reading).to_have_text("events in each 10 seconds")
    cursor.hover()
    expect(reading).to_have_text(re.compile("0 shipped, 0 cancelled$"))


def test_events_leave_the_chart_after_its_window_and_counts_stay(
    page: Page, fresh: ServerProcess, http: httpx.Client
) -> None:
    page.clock.install()
    page.route("**/counts?*", lambda route: route.abort())  # the server's clock does not leap
    page.route("**/events/orders?*&limit=100", lambda route: route.abort())
    dashboard = Dashboard(page, fresh.url).live()
    publish(http, *some(3, 0))
    drawn(dashboard, "shipped", 3)
    page.clock.fast_forward("10:10")
    drawn(dashboard, "shipped", 0)
    dashboard.shows(shipped=3)
    page.goto("about:blank")


def test_charts_do_not_overlap_their_neighbours(dashboard: Dashboard) -> None:
    drawn(dashboard, "shipped", 2)
    boxes = [each.bounding_box() for each in dashboard.page.locator(".lane .picture, .chart .axis").all()]
    edges = [(box["y"], box["y"] + box["height"]) for box in boxes if box]
    assert len(edges) == 3
    assert all(above[1] <= below[0] for above, below in pairwise(edges)), edges
