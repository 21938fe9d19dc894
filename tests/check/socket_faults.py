"""The faults of WebSocket connections that the checks must find. Each breaks one promise, and names the check that must find it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from app.check.target.target import Options
from tests.check.broken_server import Fault, Head, Received
from tests.check.faults import Planted, answers, status_is
from tests.check.socket_changes import (
    SOCKET,
    Asked,
    are_events,
    asking,
    changing,
    closing,
    follows_one_order,
    resumes,
    sending,
    subscribes_plainly,
    subscribes_to_all,
    with_events,
    with_members,
    without,
)


def behind(sent: Any) -> Sequence[Any]:
    """Give a page the id of the log's beginning."""
    return [{**sent, "lastEventId": f"{sent['lastEventId'].partition('-')[0]}-0"}]


def claiming_security(given: Head) -> Head:
    """Change a document in JSON or YAML so that its WebSocket operation needs a token."""
    before, name, after = given.body.partition(b"openOrderEventsSocket")
    after = after.replace(b'"security": []', b'"security": [{"bearer": []}, {}]', 1)
    return replace(given, body=before + name + after.replace(b"security: []", b"security: [{bearer: []}, {}]", 1))


def claiming_limit(name: str, limit: float) -> Fault:
    """Change a limit of messages in the document."""

    def claims(given: Head) -> Head:
        return replace(given, body=re.sub(rf'({name}"?): [0-9]+'.encode(), rf"\g<1>: {limit}".encode(), given.body))

    return answers(claims, lambda asked, _: asked.path.startswith("/openapi."))


def ignoring_types_of_new_events(message: Any) -> Any:
    return without(message, "eventTypes") if {"eventTypes", "orderId"} <= message.keys() else message


def ignoring_since(message: Any) -> Any:
    return {**without(message, "since"), "from": "earliest"} if "since" in message else message


def from_the_earliest(message: Any) -> Any:
    if not message.get("lastEventId", "").startswith("no-such"):
        return message
    return {**without(message, "lastEventId"), "from": "earliest"}


def of_every(name: str) -> Fault:
    """Ignore a filter, unless no event matches it."""

    def asks(message: Any) -> Any:
        return message if message.get(name, ["nobody"])[0].startswith("nobody") else without(message, name)

    return asking(lambda message: asks(message) if message.get("from") == "earliest" else message)


def without_origin(asked: Received) -> Received:
    headers = {name: value for name, value in asked.headers.items() if name != "origin"}
    return replace(asked, headers=headers) if asked.path == SOCKET else asked


def offers_similar(asked: Received) -> bool:
    return asked.headers.get("sec-websocket-protocol", "").endswith("x")


def offering(asked: Received) -> Received:
    return replace(asked, headers={**asked.headers, "sec-websocket-protocol": "orders-events.v1.json"})


def silent() -> Fault:
    """Send only the first message to subscriptions that no event matches."""
    begun: list[Asked] = []

    def is_later(asked: Asked, _: Any) -> bool:
        if (
            not asked
            or not follows_one_order(asked)
            or asked[0]["subscription"] != 1
            or "check" in asked[0]["orderId"][0]
        ):
            return False
        later = any(each is asked for each in begun)
        begun.append(asked)
        return later

    return sending(lambda _: [], is_later)


PLANTED_IN_CONNECTIONS: Final[Mapping[str, Planted]] = {
    "a request without an upgrade is a bad one": Planted(
        lambda: answers(lambda given: replace(given, status=400), status_is(426)), "websocket-refusals"
    ),
    "no subprotocol is needed": Planted(
        lambda: Fault(asks=lambda asked: offering(asked) if asked.path == SOCKET else asked), "websocket-refusals"
    ),
    "a similar subprotocol is accepted": Planted(
        lambda: Fault(asks=lambda asked: offering(asked) if offers_similar(asked) else asked), "websocket-refusals"
    ),
    "pages of every origin open connections": Planted(lambda: Fault(asks=without_origin), "websocket-origin"),
    "a message breaks its schema": Planted(
        lambda: sending(with_events(with_members(schemaVersion="1")), are_events(lambda asked: "limit" in asked[0])),
        "websocket-messages",
    ),
    "an error has another number": Planted(lambda: changing("error", subscription=9), "websocket-errors"),
    "an error is called internal": Planted(
        lambda: sending(
            lambda sent: [{**sent, "problem": {**sent["problem"], "status": 500}}],
            lambda _, sent: sent["type"] == "error" and sent["problem"]["status"] == 400,
        ),
        "websocket-errors",
    ),
    "a pong has another number": Planted(lambda: changing("pong", request=8), "websocket-errors"),
    "a subscription is given another number": Planted(
        lambda: changing("checkpoint", when=lambda asked: asked[0]["subscription"] == 5, subscription=6),
        "websocket-numbers",
    ),
    "an unsubscribe is answered for another number": Planted(
        lambda: changing("unsubscribed", when=lambda asked: asked[0]["subscription"] == 5, subscription=32),
        "websocket-numbers",
    ),
    "the number of an open subscription is taken": Planted(
        lambda: sending(
            lambda sent: [{"type": "checkpoint", "subscription": sent["subscription"], "lastEventId": "a-1"}],
            lambda _, sent: "subscription" in sent and sent.get("problem", {}).get("status") == 409,
        ),
        "websocket-number-again",
    ),
    "the number of an ended subscription is not free": Planted(
        lambda: sending(lambda _: [], lambda asked, sent: sent["type"] == "checkpoint" and len(asked) > 4),
        "websocket-number-again",
        Options(quick=True, timeout_seconds=3),
    ),
    "what is not UTF-8 ends the connection as done": Planted(lambda: closing({1007: 1000}), "websocket-not-utf8"),
    "a large message ends the connection as not JSON": Planted(lambda: closing({1009: 4400}), "websocket-too-large"),
    "too many messages end the connection as a silence": Planted(lambda: closing({4429: 4408}), "websocket-too-many"),
    "a silent client is sent away later than is claimed": Planted(
        lambda: claiming_limit("firstMessageSeconds", 0.2), "websocket-silence", Options(heartbeat_seconds=0.3)
    ),
    "messages are larger than is claimed": Planted(
        lambda: claiming_limit("maxSentBytes", 65536), "websocket-message-size"
    ),
    "what is not JSON ends the connection as done": Planted(lambda: closing({4400: 1000}), "websocket-closings"),
    "a binary message ends the connection as not JSON": Planted(lambda: closing({1003: 4400}), "websocket-closings"),
    "a token is claimed to be needed over WebSocket": Planted(
        lambda: answers(claiming_security, lambda asked, _: asked.path.startswith("/openapi.")),
        "websocket-token",
        Options(quick=True, timeout_seconds=3),
    ),
    "a subscription begins with a heartbeat": Planted(
        lambda: sending(
            lambda sent: [{"type": "heartbeat"}, sent],
            lambda asked, sent: sent["type"] == "checkpoint" and subscribes_plainly(asked),
        ),
        "websocket-opening",
    ),
    "a quiet connection has no heartbeats": Planted(silent, "websocket-heartbeat", Options(heartbeat_seconds=0.3)),
    "a finite subscription ends with the limit": Planted(
        lambda: sending(lambda sent: [{**sent, "reason": "limit"}], lambda _, sent: sent.get("reason") == "end"),
        "websocket-end",
    ),
    "a limit is the end": Planted(
        lambda: sending(lambda sent: [{**sent, "reason": "end"}], lambda _, sent: sent.get("reason") == "limit"),
        "websocket-limit",
    ),
    "a limit of a subscription is ignored": Planted(
        lambda: asking(
            lambda message: (
                message
                if "follow" in message or "lastEventId" in message
                else without(message, "limit")
                if message.get("limit") == 3
                else message
            )
        ),
        "websocket-limit",
    ),
    "a subscription lacks an event": Planted(
        lambda: sending(with_events(lambda events: [events[0], *events[2:]]), are_events(subscribes_to_all)),
        "websocket-events",
    ),
    "a subscription changes an event": Planted(
        lambda: sending(
            with_events(
                lambda events: [{**each, "data": {**each["data"], "when": "2024-05-01T10:00:01Z"}} for each in events]
            ),
            are_events(subscribes_to_all),
        ),
        "websocket-events",
    ),
    "a resumed subscription repeats an event": Planted(
        lambda: sending(with_events(lambda events: [events[0], *events]), are_events(resumes)), "websocket-resume"
    ),
    "the id after some events is that of the beginning": Planted(
        lambda: sending(behind, are_events(lambda asked: "limit" in asked[0])), "websocket-resume"
    ),
    "an id that is unknown is not reported": Planted(lambda: asking(from_the_earliest), "websocket-gap"),
    "a gap has two positions": Planted(
        lambda: changing("gap", when=lambda asked: "limit" not in asked[0], lastEventId="a-1"), "websocket-gap"
    ),
    "a subscription ignores event types": Planted(lambda: of_every("eventTypes"), "websocket-filters"),
    "a subscription ignores orders": Planted(lambda: of_every("orderId"), "websocket-filters"),
    "a subscription ignores the event types of new events": Planted(
        lambda: asking(ignoring_types_of_new_events), "websocket-filters-open"
    ),
    "a subscription ignores the time to start at": Planted(lambda: asking(ignoring_since), "websocket-since"),
    "a subscription changes the versions of events": Planted(
        lambda: sending(with_events(with_members(schemaVersion="1.9.0")), are_events(subscribes_to_all)),
        "websocket-members",
    ),
    "a subscription changes the times of events": Planted(
        lambda: sending(with_events(with_members(storedAt="2024-05-01T10:00:00.000Z")), are_events(subscribes_to_all)),
        "websocket-members",
    ),
    "a published event is sent twice": Planted(
        lambda: sending(with_events(lambda events: [events[0], *events]), are_events(follows_one_order)),
        "websocket-publish",
    ),
    "a published event is called a duplicate": Planted(
        lambda: sending(
            with_events(lambda events: [{**each, "duplicate": True} for each in events]),
            lambda _, sent: sent["type"] == "published",
        ),
        "websocket-publish",
    ),
}
