"""A reader who has only a keyboard. With each key, the focus must be somewhere, and be seen."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Locator, Page, expect

MOST_TABS: Final = 60  # to reach anything on a page
_FOCUS: Final = """() => {
  const at = document.activeElement;
  const seen = (element) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
  };
  const around = [at, at.parentElement, at.nextElementSibling].filter(Boolean); // a radio button is drawn by its label
  const box = at.getBoundingClientRect();
  return {
    at: at === document.body ? 'body' : at.outerHTML.slice(0, 120),
    isSeen: at.tabIndex < 0 || around.some(seen), // where a skip link leads, nothing can be pressed
    isOnScreen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""
_STOPS: Final = """() => {
  window.stops ??= [];
  const at = document.activeElement;
  const isNew = at !== document.body && !window.stops.includes(at);
  if (isNew) window.stops.push(at);
  return isNew;
}"""
_BACKWARDS: Final = """() => window.stops.slice(1).filter((stop, index) =>
  stop.compareDocumentPosition(window.stops[index]) & Node.DOCUMENT_POSITION_FOLLOWING).map((stop) => stop.outerHTML.slice(0, 120))"""


class Keyboard:
    """The keys of a reader in front of a page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        """Press keys one after the other. After each, the focus must be visible on the screen, and not be lost."""
        for key in keys:
            self.page.keyboard.press(key)
            self.focus_is_seen(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def tab_to(self, target: Locator, key: str = "Tab") -> None:
        """Press Tab until an element has the focus."""
        for _ in range(MOST_TABS):
            self.press(key)
            if target.evaluate("element => element === document.activeElement"):
                return
        raise AssertionError(f"{MOST_TABS} times Tab do not lead to {target}.")

    def walk(self) -> int:
        """Press Tab through the whole page, and return the number of stops. They must come in the order of the document."""
        stops = 0
        self.page.keyboard.press("Tab")
        while self.page.evaluate(_STOPS):
            stops += 1
            self.focus_is_seen("Tab")
            self.page.keyboard.press("Tab")
        assert self.page.evaluate(_BACKWARDS) == []
        return stops

    def escape_to(self, origin: Locator, closed: Locator) -> None:
        """Press Escape. It must close what is open, and lead back to where the focus came from."""
        self.page.keyboard.press("Escape")
        expect(closed).to_be_hidden()
        expect(origin).to_be_focused()
        self.focus_is_seen("Escape")

    def focus_is_seen(self, key: str) -> None:
        focus = self.page.evaluate(_FOCUS)
        assert focus["at"] != "body", f"{key} loses the focus."
        assert focus["isSeen"], f"{key} leads to {focus['at']}, which does not look focused."
        assert focus["isOnScreen"], f"{key} leads to {focus['at']}, which is not on the screen."
