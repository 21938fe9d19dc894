"""Faults of several subscriptions, of publishing and of messages that resemble good ones, over WebSocket.

Each has the check that must find it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tests.check.broken_server import Fault
from tests.check.broken_socket import SocketFault
from tests.check.faults import Planted
from tests.check.socket_changes import Asked, asking, sending, without
from tests.check.start_faults import AHEAD, SOON

LARGE: Final = 10  # events in one message


def accepting(name: str, invalid: Any, valid: Any) -> Fault:
    """Take an invalid value of a member for a valid one."""
    return asking(lambda message: {**message, name: valid} if message.get(name) == invalid else message)


def without_strange_member(message: Any) -> Any:
    return without(message, "noSuchMember")


def going_on() -> Fault:
    """Answer `unsubscribe`, and let the subscription go on."""

    def asks(message: Any) -> Any:
        ends = message.get("type") == "unsubscribe" and message["subscription"] == 11
        return {"type": "ping", "request": 1011} if ends else message

    def sends(_: Asked, sent: Any) -> list[Any]:
        return [{"type": "unsubscribed", "subscription": 11} if sent.get("request") == 1011 else sent]

    return Fault(socket=SocketFault(asks=asks, sends=sends))


def has_two(asked: Asked, sent: Any) -> bool:
    return sent["type"] == "events" and {11, 12} <= {each.get("subscription") for each in asked}


def is_large(sent: Any) -> bool:
    return len(sent.get("events", [])) > LARGE


def with_good_events(message: Any) -> Any:
    if message.get("type") != "publish":
        return message
    return {**message, "events": [each for each in message["events"] if " " not in each["eventId"]]}


def skips(asked: Asked) -> bool:
    return set(asked[0]) == {"type", "subscription", "from", "follow", "orderId"}


def follows_after_unknown_id(asked: Asked) -> bool:
    return asked[0].get("follow") is True and str(asked[0].get("lastEventId")).startswith("no-such")


def from_latest_if_ahead(message: Any) -> Any:
    ahead = message.get("lastEventId", "").endswith(AHEAD)
    return {**without(message, "lastEventId"), "from": "latest"} if ahead else message


PLANTED_IN_SUBSCRIPTIONS: Final[Mapping[str, Planted]] = {
    "an unknown member is ignored": Planted(lambda: asking(without_strange_member), "websocket-errors", SOON),
    "a text is taken for a number": Planted(lambda: accepting("limit", "1", 1), "websocket-errors", SOON),
    "more subscriptions have numbers than may": Planted(
        lambda: accepting("subscription", 33, 3), "websocket-errors", SOON
    ),
    "a message without a type is ignored": Planted(
        lambda: asking(lambda message: message or {"type": "ping"}), "websocket-closings", SOON
    ),
    "a subscription goes on after its end": Planted(going_on, "websocket-several"),
    "events have the number of another subscription": Planted(
        lambda: sending(lambda sent: [{**sent, "subscription": 23 - sent["subscription"]}], has_two),
        "websocket-several",
    ),
    "a subscription ends without a checkpoint": Planted(
        lambda: sending(
            lambda _: [],
            lambda asked, sent: (
                sent["type"] == "checkpoint" and skips(asked) and not sent["lastEventId"].endswith("-0")
            ),
        ),
        "websocket-skipped",
    ),
    "no event follows a gap on an open subscription": Planted(
        lambda: sending(lambda _: [], lambda asked, sent: sent["type"] == "events" and follows_after_unknown_id(asked)),
        "websocket-gap",
        SOON,
    ),
    "an id that is ahead starts at the end": Planted(lambda: asking(from_latest_if_ahead), "websocket-near-ids"),
    "a limit ends one event early": Planted(
        lambda: asking(
            lambda message: (
                {**message, "limit": 2} if message.get("limit") == 3 and "follow" not in message else message
            )
        ),
        "websocket-limit",
    ),
    "the good events of a bad message are stored": Planted(
        lambda: asking(with_good_events), "websocket-publish-refusals"
    ),
    "a conflict is a bad message": Planted(
        lambda: sending(
            lambda sent: [{**sent, "problem": {**sent["problem"], "status": 400}}],
            lambda _, sent: sent["type"] == "error" and "request" in sent and sent["problem"]["status"] == 409,
        ),
        "websocket-publish-refusals",
    ),
    "a large message of events ends the connection": Planted(
        lambda: asking(lambda message: {"type": "none"} if is_large(message) else message), "websocket-publish-batch"
    ),
    "published events are listed backwards": Planted(
        lambda: sending(
            lambda sent: [{**sent, "events": sent["events"][::-1]}],
            lambda _, sent: sent["type"] == "published" and is_large(sent),
        ),
        "websocket-publish-batch",
    ),
}
