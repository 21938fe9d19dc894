"""`python -m tests.browser.screenshot`: take the picture of the dashboard that the README shows.

The server gets ten minutes of orders from before the page was opened and simulated ones after it, so the picture shows a busy day.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from app.events.event import Event
from app.sources.simulator import simulated_orders
from app.stores.sqlite.store import SqliteStore
from tests.browser.chromium import launch_chromium
from tests.stores.opened import opening
from tests.support.server_process import ServerProcess

PICTURE = Path(__file__).parent / "dashboard.png"
SIZE = ViewportSize(width=1280, height=720)


def main() -> int:
    """Take the picture, and print its size in bytes."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "orders.db"
        asyncio.run(store_orders(log, Random(7), 400))
        with (
            ServerProcess("--store", f"sqlite:{log}", "--source", "simulator:2") as server,
            sync_playwright() as playwright,
        ):
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


async def store_orders(path: Path, random: Random, count: int) -> None:
    """Store simulated orders in a new log, at random times of the last ten minutes."""
    now_ns = time.time_ns()
    ages_seconds = sorted((random.uniform(0, 600) for _ in range(count)), reverse=True)
    async with opening(SqliteStore(path, retain_events=1_000_000)) as log:
        for age_seconds, simulated in zip(ages_seconds, simulated_orders(1.0, seed=7), strict=False):
            stored_ns = now_ns - int(age_seconds * 1e9)
            with patch("time.time_ns", return_value=stored_ns):
                await log.append(happened(simulated.event, stored_ns))


def happened(simulated: Any, stored_ns: int) -> Event:
    """Make an event of a simulated one that happened when it is stored."""
    when = datetime.fromtimestamp(stored_ns / 1e9, UTC).isoformat(timespec="milliseconds")
    data = {**simulated["data"], "when": when}
    return Event(simulated["eventType"], "1.0.0", uuid4().hex, data["orderId"], json.dumps(data))


if __name__ == "__main__":
    sys.exit(main())
