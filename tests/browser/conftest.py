"""Foreign clients: Chromium, Node and curl of this machine. If one is missing, its tests are skipped, or fail in CI."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.bench import Bench
from tests.browser.chromium import launch_chromium
from tests.browser.following import patient
from tests.node_packages.installed import alone
from tests.support.programs import needed, unavailable
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import eventually, streams_open

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def curl() -> str:
    return needed("curl")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Not for the session: while Playwright runs, no other test could run an event loop.
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser without anything stored, in which a test may open several pages."""
    context = chromium.new_context()
    yield context
    context.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    yield page
    page.close()


@pytest.fixture
def opened(page: Page, server: ServerProcess) -> Page:
    """A page of the server's origin, from which scripts can subscribe."""
    page.goto(f"{server.url}/docs")
    return page


@pytest.fixture
def bench(page: Page, server: ServerProcess) -> Bench:
    """The page that follows the stream, at the server."""
    return Bench(page, server.url)


@pytest.fixture
def http(server: ServerProcess) -> Iterator[httpx.Client]:
    """A client of the server, once no stream is open: Chromium takes a moment to end the streams of closed pages."""
    with patient(server) as client:
        assert eventually(lambda: streams_open(client) == 0)
        yield client


@pytest.fixture(scope="module")
def node() -> str:
    """The path of Node, with the packages installed that follow.mjs and converse.mjs import."""
    program, npm = needed("node"), needed("npm")
    with alone(HERE):
        if not all((HERE / "node_modules" / name).is_dir() for name in ("eventsource", "ws")):
            install = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            installed = subprocess.run(install, cwd=HERE, capture_output=True, text=True, check=False)
            if installed.returncode != 0:
                unavailable(f"npm cannot install eventsource and ws: {installed.stderr[-200:]!r}.")
    return program
