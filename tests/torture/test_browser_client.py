"""The run of the browser client on a network that cuts its streams, at full size."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.bad_network import bad_network
from tests.browser.chromium import launch_chromium
from tests.browser.reading_through_cuts import MODES, read_through_cuts
from tests.support.server_process import ServerProcess

Report: TypeAlias = Callable[[str], None]
CUTS = 200


@pytest.mark.parametrize("mode", MODES)
def test_200_cuts_lose_nothing_and_repeat_nothing(mode: str, report: Report) -> None:
    with (
        ServerProcess("--store", "memory:", "--heartbeat-seconds", "1", "--retry-ms", "1-5") as server,
        bad_network(server) as network,
        sync_playwright() as playwright,
        launch_chromium(playwright) as browser,
    ):
        page = browser.new_page()
        page.goto(f"{network.url}/docs")
        read_through_cuts(server, network, page, MODES[mode], cuts=CUTS)
        page.close()
    report(f"{mode}: {network.cuts} connections cut, no fault")
