"""A page that subscribes with the browser client, and the calls that its handlers got."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from tests.browser.following import Seen
from tests.browser.waiting import Evaluating, comes_true
from tests.support.checker import SubscriberLog

_SCRIPT = (Path(__file__).parent / "subscribe.js").read_text()
_NAMES = itertools.count()


class Subscribed:
    """A subscription in a page; `options` are those of the client."""

    def __init__(self, page: Evaluating, **options: object) -> None:
        self.page = page
        self.name = f"s{next(_NAMES)}"
        page.evaluate(_SCRIPT, [self.name, options])

    def do(self, what: str) -> Any:
        """Evaluate an expression on the subscription."""
        return self.page.evaluate(f"subscriptions.{self.name}.subscription.{what}")

    def hold(self) -> None:
        """Make the handler of the next event wait for `release`."""
        self.page.evaluate(f"subscriptions.{self.name}.held = true")

    def release(self) -> None:
        self.page.evaluate(f"subscriptions.{self.name}.release()")

    def calls(self, kind: str) -> list[Any]:
        """Return the values of all calls of one handler: event, gap, closing, checkpoint, state or error."""
        return self._json(f"calls.filter((each) => each.kind === '{kind}').map((each) => each.value)")

    def count(self) -> int:
        """Return how many events the handler has got."""
        return int(self.page.evaluate(f"subscriptions.{self.name}.calls.filter(({{kind}}) => kind === 'event').length"))

    def events(self) -> list[Seen]:
        return [Seen(event["type"], event["id"], event["data"]) for event in self.calls("event")]

    def ids(self) -> list[str]:
        return [event["id"] for event in self.calls("event")]

    def states(self) -> list[str]:
        return [state["state"] for state in self.calls("state")]

    def through(self, event_id: str) -> list[Seen]:
        """Wait until the handler has got an event; return all events that it has got so far."""
        self._comes_true(f"calls.some(({{ value }}) => value.rawData && value.id === '{event_id}')")
        return self.events()

    def reaches(self, state: str) -> None:
        """Wait until the subscription is in a state."""
        self._comes_true(f"subscription.state === '{state}'")

    def attempts(self, number: int) -> None:
        """Wait until so many attempts have failed since the last event."""
        self._comes_true(f"calls.findLast(({{ kind }}) => kind === 'state').value.attempt === {number}")

    def passes(self, event_id: str) -> None:
        """Wait until the id to resume after is this one."""
        self._comes_true(f"subscription.lastEventId === '{event_id}'")

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
        return self._json("calls")

    def _comes_true(self, what: str) -> None:
        """Wait until an expression on what is kept is true."""
        assert comes_true(self.page, f"subscriptions.{self.name}.{what}"), self._all()[-20:]

    def _json(self, what: str) -> list[Any]:
        """Evaluate an expression on what is kept. As JSON, thousands of events come for a tenth of the CPU."""
        return list(json.loads(self.page.evaluate(f"JSON.stringify(subscriptions.{self.name}.{what})")))
