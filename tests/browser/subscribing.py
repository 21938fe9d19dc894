"""A page that subscribes with the browser client, and the calls that its handlers got."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.following import PATIENCE_SECONDS, Seen
from tests.support.checker import SubscriberLog
from tests.transports.http.orders import eventually

_SCRIPT = (Path(__file__).parent / "subscribe.js").read_text()
_NAMES = itertools.count()


class Subscribed:
    """A subscription in a page; `options` are those of the client."""

    def __init__(self, page: Page, **options: object) -> None:
        self.page = page
        self._name = f"s{next(_NAMES)}"
        page.evaluate(_SCRIPT, [self._name, options])

    def do(self, what: str) -> Any:
        """Evaluate an expression on the subscription."""
        return self.page.evaluate(f"subscriptions.{self._name}.subscription.{what}")

    def hold(self) -> None:
        """Make the handler of the next event wait for `release`."""
        self.page.evaluate(f"subscriptions.{self._name}.held = true")

    def release(self) -> None:
        self.page.evaluate(f"subscriptions.{self._name}.release()")

    def calls(self, kind: str) -> list[Any]:
        """Return the values of all calls of one handler: event, gap, closing, checkpoint, state or error."""
        return list(
            self.page.evaluate(
                f"subscriptions.{self._name}.calls.filter((each) => each.kind === '{kind}').map((each) => each.value)"
            )
        )

    def count(self) -> int:
        """Return how many events the handler has got."""
        return int(
            self.page.evaluate(f"subscriptions.{self._name}.calls.filter(({{kind}}) => kind === 'event').length")
        )

    def events(self) -> list[Seen]:
        return [Seen(event["type"], event["id"], event["data"]) for event in self.calls("event")]

    def ids(self) -> list[str]:
        return [event["id"] for event in self.calls("event")]

    def states(self) -> list[str]:
        return [state["state"] for state in self.calls("state")]

    def through(self, event_id: str) -> list[Seen]:
        """Wait until the handler has got an event; return all events that it has got so far."""
        expression = (
            f"subscriptions.{self._name}.calls.some(({{ value }}) => value.rawData && value.id === '{event_id}')"
        )
        assert eventually(lambda: bool(self.page.evaluate(expression)), PATIENCE_SECONDS), self._all()[-20:]
        return self.events()

    def reaches(self, state: str) -> None:
        """Wait until the subscription is in a state."""
        assert eventually(lambda: bool(self.do("state") == state), PATIENCE_SECONDS), self._all()[-20:]

    def attempts(self, number: int) -> None:
        """Wait until so many attempts have failed since the last event."""
        attempt = f"subscriptions.{self._name}.calls.findLast(({{ kind }}) => kind === 'state').value.attempt"
        assert eventually(lambda: bool(self.page.evaluate(attempt) == number), PATIENCE_SECONDS), self._all()[-20:]

    def passes(self, event_id: str) -> None:
        """Wait until the id to resume after is this one."""
        assert eventually(lambda: bool(self.do("lastEventId") == event_id), PATIENCE_SECONDS), self._all()[-20:]

    def log(self, name: str) -> SubscriberLog:
        """Return everything that the handlers got, as a subscriber's log for the checker."""
        log = SubscriberLog(name)
        for each in self._all():
            value = each["value"]
            if each["kind"] == "event":
                log.take(value["type"], value["rawData"], value["id"])
            elif each["kind"] == "gap":
                data = {key: value[key] for key in ("reason", "requested", "earliest")}
                log.take("stream.gap", json.dumps(data), value["id"])
        return log

    def _all(self) -> list[Any]:
        return list(self.page.evaluate(f"subscriptions.{self._name}.calls"))
