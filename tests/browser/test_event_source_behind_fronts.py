"""An EventSource of Chromium behind each proxy: a restart of the server, clean or not, neither closes it nor costs it an event."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.following import PageFollowing, published
from tests.deploy.fronts import Front, caddy, nginx
from tests.transports.http.orders import EVENTS, publish, shipped


@pytest.mark.parametrize("run", [caddy, nginx])
def test_restarts_cost_an_event_source_neither_its_stream_nor_an_event(
    chromium: Browser, tmp_path: Path, run: Callable[[Path], AbstractContextManager[Front]]
) -> None:
    with run(tmp_path) as front, chromium.new_context(ignore_https_errors=True) as context, front.client() as http:
        page = context.new_page()
        page.goto(f"{front.url}/docs")
        following = PageFollowing(page, f"{front.url}{EVENTS}")
        following.first()
        for kill in (False, True):
            publish(http, shipped())
            front.restart(kill=kill)
            (newest,) = publish(http, shipped())
            following.through(newest)
        assert page.evaluate("window.source.readyState") != 2
        assert following.order_events() == published(http)
