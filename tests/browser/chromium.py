"""The Chromium of this machine, driven by Playwright."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Browser, BrowserContext, Playwright

from tests.browser.watching import PATIENCE_SECONDS
from tests.support.programs import needed

CHROMIUM_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


DESKTOP: Final = ("chromium", "chromium-browser", "google-chrome")


def find_chromium(*names: str) -> str:
    """Return the path of the program with one of these names; skip or fail the test if there is none.

    The headless shell is preferred: the same engine without the windows of a desktop, so a page costs it a third of the CPU. It has no
    back/forward cache; `DESKTOP` has the programs that do.
    """
    return needed(*(names or ("chromium-headless-shell", *DESKTOP)))


def launch_chromium(playwright: Playwright) -> Browser:
    """Start a browser whose pages have a timeout that a busy machine keeps."""
    browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_FLAGS))
    browser.on("context", be_patient)
    return browser


def be_patient(context: BrowserContext) -> None:
    """Let pages take longer than the half minute that Playwright gives them."""
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
