"""The page of a browser that a test drives without Playwright, with the few calls of a Playwright page that our tests need."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any, Final

from tests.browser.waiting import comes_true

# The value of an expression, or what the function that it is returns; as JSON, which each protocol can bring.
_EVALUATED: Final = """(async () => {
const value = (
EXPRESSION
);
const result = await (typeof value === 'function' ? value(ARGUMENT) : value);
return JSON.stringify(result) ?? 'null';
})()"""


class Tab(ABC):
    """A page in a window of its own, so that the browser does not slow its timers."""

    @abstractmethod
    def goto(self, url: str) -> None:
        """Load a page, and wait until it is loaded."""

    @abstractmethod
    def back(self) -> None:
        """Go back in the history, without waiting for the page."""

    @abstractmethod
    def resize(self, width: int, height: int) -> None:
        """Give the window a size in CSS pixels."""

    @abstractmethod
    def close(self) -> None:
        """Close the page."""

    def evaluate(self, expression: str, arg: Any = None) -> Any:
        """Evaluate an expression in the page, or call the function that it is; wait for its promise."""
        script = _EVALUATED.replace("ARGUMENT", json.dumps(arg)).replace("EXPRESSION", expression)
        return json.loads(self._text_of(script))

    def waits_for(self, condition: str) -> None:
        """Wait until an expression in the page is true."""
        assert comes_true(self, condition), (condition, self.evaluate("document.body.innerText")[:2000])

    @abstractmethod
    def _text_of(self, script: str) -> str:
        """Return the text that the promise of a script resolves to."""


class Engine(ABC):
    """A running browser."""

    @abstractmethod
    def open(self, url: str) -> Tab:
        """Open a page in a new window."""

    @property
    @abstractmethod
    def pid(self) -> int:
        """The process whose descendants the browser consists of."""
