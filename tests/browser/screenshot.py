"""`python -m tests.browser.screenshot`: take the picture of the dashboard that the README shows.

The server gets ten minutes of orders from before the page was opened and simulated ones after it, so the picture shows a busy day.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from app.sources.simulator import simulated_orders
from tests.browser.chromium import launch_chromium
from tests.browser.following import patient
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import publish

PICTURE = Path(__file__).parent / "dashboard.png"
SIZE = ViewportSize(width=1280, height=720)


def main() -> int:
    """Take the picture, and print its size in bytes."""
    with (
        ServerProcess("--store", "memory:", "--source", "simulator:2") as server,
        patient(server) as http,
        sync_playwright() as playwright,
    ):
        publish(http, *orders(Random(7), 400))
        browser = launch_chromium(playwright)
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(f"{server.url}/?from=earliest")
        take(page)
        browser.close()
    sys.stdout.write(f"{PICTURE}: {PICTURE.stat().st_size} bytes\n")
    return 0


def take(page: Page) -> None:
    """Wait until simulated orders have come, and write the picture."""
    expect(page.locator("#state")).to_have_text("Live")
    expect(page.locator("#orders tr")).not_to_have_count(0)
    page.wait_for_timeout(5000)
    page.screenshot(path=PICTURE)


def orders(random: Random, count: int) -> list[dict[str, Any]]:
    """Make simulated orders that happened at random times of the last ten minutes."""
    now = datetime.now(UTC)
    times = sorted(now - timedelta(seconds=random.uniform(0, 600)) for _ in range(count))
    simulated = (each.event for each in simulated_orders(1.0, seed=7))
    return [happened_at(when, event) for when, event in zip(times, simulated, strict=False)]


def happened_at(when: datetime, event: Any) -> dict[str, Any]:
    return {**event, "data": {**event["data"], "when": when.isoformat(timespec="milliseconds")}}


if __name__ == "__main__":
    sys.exit(main())
