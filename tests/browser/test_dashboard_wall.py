"""The dashboard on a wall: the kiosk, the screen that stays on, and the alarms."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.dashboard import Dashboard, some
from tests.browser.following import patient
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import eventually, publish


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that records its notifications, sounds and locks of the screen instead of having them."""
    page = chromium.new_page()
    page.add_init_script("""
        window.happened = [];
        window.Notification = class { constructor(title, { body }) { happened.push(body); } };
        Notification.requestPermission = async () => 'granted';
        Object.defineProperty(navigator, 'wakeLock', { value: { request: async (what) => (happened.push(what), { released: false, release() {} }) } });
        const start = OscillatorNode.prototype.start;
        OscillatorNode.prototype.start = function (at) { happened.push('tone'); start.call(this, at); };
    """)
    yield page
    page.goto("about:blank")
    page.close()


def happened(page: Page) -> list[str]:
    return list(page.evaluate("happened"))


def test_threshold_of_the_viewers_choosing_raises_one_alarm(
    page: Page, server: ServerProcess, http: httpx.Client
) -> None:
    dashboard = Dashboard(page, server.url).live()
    publish(http, *some(0, 3))
    dashboard.shows(cancelled=3)
    assert happened(page) == []
    dashboard.press("Alarms")
    page.get_by_label("Too many events of the type").select_option("order.cancelled")
    page.get_by_label("At least this many in a minute").fill("4")
    page.get_by_label("A sound").check()
    page.get_by_label("A notification of this device").check()
    page.keyboard.press("Escape")
    publish(http, *some(0, 9))
    alarm = page.locator("#alarm")
    expect(alarm).to_have_text(re.compile(r"^Cancelled: [\d,]+ events in the last minute, 4 or more$"))
    publish(http, *some(0, 2))
    dashboard.shows(cancelled=14)
    expect(dashboard.journal.get_by_text("Alarm:")).to_have_count(1)
    assert len([each for each in happened(page) if each.startswith("Cancelled: ")]) == 1
    page.reload()
    dashboard.live()
    expect(alarm).to_contain_text("4 or more")  # the choice is kept


def test_kiosk_shows_no_controls_and_keeps_the_screen_on(page: Page, server: ServerProcess) -> None:
    dashboard = Dashboard(page, server.url, "?kiosk").live()
    expect(page.locator("header.site")).to_be_hidden()
    expect(page.locator("#pause")).to_be_hidden()
    expect(dashboard.count("order.shipped")).to_be_visible()
    assert eventually(lambda: "screen" in happened(page))
    assert dashboard.sideways() == 0


def test_full_screen_keeps_the_screen_on(page: Page, server: ServerProcess) -> None:
    dashboard = Dashboard(page, server.url).live()
    assert happened(page) == []
    dashboard.press("Full screen")
    expect(page.get_by_role("button", name="Leave full screen")).to_be_visible()
    assert eventually(lambda: "screen" in happened(page))


def test_gap_and_outage_that_the_viewer_asks_for_raise_alarms(page: Page) -> None:
    page.clock.install()
    with ServerProcess("--store", "memory:", "--retain-events", "1", *QUICK) as server, patient(server) as client:
        publish(client, *some(3, 0))
        page.add_init_script(
            "localStorage['orders-events.alarms'] = JSON.stringify({ gap: 'on', outage: 'on', notify: 'on' })"
        )
        dashboard = Dashboard(page, server.url, "?since=2026-01-01T00:00:00Z").live()
        expect(dashboard.journal).to_contain_text("Alarm: Events are missing")
        server.kill()
        expect(dashboard.state).not_to_have_text("Live")
        assert happened(page) == ["Events are missing"]
        page.clock.fast_forward(10_000)
        expect(dashboard.journal).to_contain_text("Alarm: The server has not been reached for 10 seconds")
        assert happened(page) == ["Events are missing", "The server has not been reached for 10 seconds"]
