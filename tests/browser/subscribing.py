"""A page that subscribes with the browser client, and what it was told."""

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
    """A subscription in a page, with the options of the client."""

    def __init__(self, page: Page, **options: object) -> None:
        self.page = page
        self._name = f"s{next(_NAMES)}"
        page.evaluate(_SCRIPT, [self._name, options])

    def do(self, what: str) -> Any:
        """Evaluate an expression on the subscription."""
        return self.page.evaluate(f"subscriptions.{self._name}.subscription.{what}")

    def hold(self) -> None:
        """Let the handling of an event take until `release`."""
        self.page.evaluate(f"subscriptions.{self._name}.held = true")

    def release(self) -> None:
        self.page.evaluate(f"subscriptions.{self._name}.release()")

    def told(self, kind: str) -> list[Any]:
        """What was told of one kind: event, gap, closing, checkpoint, state or error."""
        return list(
            self.page.evaluate(
                f"subscriptions.{self._name}.told.filter((each) => each.kind === '{kind}').map((each) => each.value)"
            )
        )

    def count(self) -> int:
        """How many events were told."""
        return int(self.page.evaluate(f"subscriptions.{self._name}.told.filter(({{kind}}) => kind === 'event').length"))

    def events(self) -> list[Seen]:
        return [Seen(event["type"], event["id"], event["data"]) for event in self.told("event")]

    def ids(self) -> list[str]:
        return [event["id"] for event in self.told("event")]

    def states(self) -> list[str]:
        return [state["state"] for state in self.told("state")]

    def through(self, event_id: str) -> list[Seen]:
        """Wait until an event was told; return all that were told by then."""
        expression = (
            f"subscriptions.{self._name}.told.some(({{ value }}) => value.rawData && value.id === '{event_id}')"
        )
        assert eventually(lambda: bool(self.page.evaluate(expression)), PATIENCE_SECONDS), self._all()[-20:]
        return self.events()

    def reaches(self, state: str) -> None:
        """Wait until the subscription is in a state."""
        assert eventually(lambda: bool(self.do("state") == state), PATIENCE_SECONDS), self._all()[-20:]

    def log(self, name: str) -> SubscriberLog:
        """All that was told, for the checker to judge."""
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
        return list(self.page.evaluate(f"subscriptions.{self._name}.told"))
