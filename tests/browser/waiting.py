"""Wait for something that happens in a page."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.watching import PATIENCE_SECONDS

_SCRIPT = """async (milliseconds) => {
  const end = performance.now() + milliseconds;
  while (!(CONDITION)) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}"""


def comes_true(page: Page, condition: str) -> bool:
    """Wait until a JavaScript expression is true; return False if it never is.

    The page itself looks at it: asking the page every 20 ms would take a third of a processor.
    """
    return bool(page.evaluate(_SCRIPT.replace("CONDITION", condition), PATIENCE_SECONDS * 1000))
