"""A browser that shows a page of the server as a consumer: the dashboard, or the page in a file.

Arguments: the path of Chromium, and that of the file, if any.
"""

from __future__ import annotations

import logging
import os
import sys

from playwright.sync_api import sync_playwright

from tests.browser.chromium import CHROMIUM_FLAGS

log = logging.getLogger(__name__)
chromium, *files = sys.argv[1:]
with sync_playwright() as playwright:
    page = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS)).new_page()
    if files:
        page.route("**/", lambda route: route.fulfill(path=files[0], content_type="text/html"))
    page.on("console", lambda message: log.warning(message.text))
    page.goto(f"{os.environ['ORDERS_EVENTS_URL']}/")
    page.wait_for_event("close", timeout=0)
