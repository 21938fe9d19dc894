"""Wait for something that happens in a page."""

from __future__ import annotations

from typing import Any, Protocol

from tests.browser.watching import PATIENCE_SECONDS

_SCRIPT = """async (milliseconds) => {
  const end = performance.now() + milliseconds;
  while (!(CONDITION)) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}"""


class Evaluating(Protocol):
    """A page in which a test evaluates JavaScript, of Playwright or of another browser."""

    def evaluate(self, expression: str, arg: Any = None) -> Any:
        """Evaluate an expression, or call the function that it is with an argument; wait for its promise."""

    def close(self) -> None:
        """Close the page."""


def comes_true(page: Evaluating, condition: str) -> bool:
    """Wait until a JavaScript expression is true; return False if it never is.

    The page itself looks at it: asking the page every 20 ms would take a third of a processor.
    """
    return bool(page.evaluate(_SCRIPT.replace("CONDITION", condition), PATIENCE_SECONDS * 1000))
