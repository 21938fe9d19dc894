"""The session of a page behind each proxy, at full length: no expiry and no restart closes its stream or costs it an event."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.chromium import launch_chromium
from tests.browser.signed_in import watch_through_expiry
from tests.deploy.fronts import Front, caddy, nginx
from tests.support.tokens import token, token_settings

Report: TypeAlias = Callable[[str], None]


@pytest.mark.parametrize("run", [caddy, nginx])
def test_20_expiries_and_restarts_lose_nothing(
    tmp_path: Path, report: Report, run: Callable[..., AbstractContextManager[Front]]
) -> None:
    with (
        run(tmp_path, *token_settings(tmp_path)) as front,
        front.client() as http,
        sync_playwright() as playwright,
        launch_chromium(playwright) as browser,
        browser.new_context(ignore_https_errors=True) as context,
    ):
        http.headers["Authorization"] = f"Bearer {token(exp=2**33)}"
        watch_through_expiry(context.new_page(), front.url, http, front.restart, times=20)
    report(f"{run.__name__}: 20 expiries of a token and 20 restarts, no event lost, the EventSource never closed")
