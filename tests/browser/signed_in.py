"""A page whose EventSource has the cookie of a session, while its token expires and the server restarts."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
from playwright.sync_api import Page

from tests.browser.following import PATIENCE_SECONDS, PageFollowing, published
from tests.support.tokens import token
from tests.transports.http.orders import EVENTS, eventually, publish, shipped

_SIGN_IN = """async (token) => {
  const response = await fetch('/session', { method: 'POST', headers: { Authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(response.status);
}"""


def watch_through_expiry(page: Page, url: str, http: httpx.Client, restart: Callable[[], None], *, times: int) -> None:
    """Follow the stream in a page; as often as asked, let its token expire, sign in again, and restart the server.

    `http`: a client whose requests have a token. Fails if the EventSource is closed for good, or if it lacks or repeats an event.
    """
    page.goto(f"{url}/docs")
    page.evaluate(_SIGN_IN, token(exp=int(time.time()) + 3))
    following = PageFollowing(page, f"{url}{EVENTS}")
    following.first()
    for number in range(times):
        publish(http, shipped())
        _expires(following)
        publish(http, shipped())
        is_last = number == times - 1
        page.evaluate(_SIGN_IN, token(exp=int(time.time()) + (3600 if is_last else 3)))
        restart()
        (newest,) = publish(http, shipped())
        if is_last:
            following.through(newest)
    assert page.evaluate("window.source.readyState") != 2
    assert following.order_events() == published(http)


def _expires(following: PageFollowing) -> None:
    """Wait until the stream has ended once more because the token has expired."""
    before = _expiries(following)
    assert eventually(lambda: _expiries(following) > before, PATIENCE_SECONDS), following.seen()


def _expiries(following: PageFollowing) -> int:
    return sum(event.type == "stream.closing" and event.data["reason"] == "token_expired" for event in following.seen())
