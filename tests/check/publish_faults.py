"""Faults of publishing, each with the check that must find it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from tests.check.broken_server import Fault, Head, Received
from tests.check.faults import Planted, answers, publishes, status_is, with_json

MANY: Final = 20  # events, after which a fault forgets


def rewriting(change: Callable[[Any], Any], when: Callable[[Any], bool]) -> Callable[[], Fault]:
    """Change some bodies of publish requests that are JSON."""

    def asks(asked: Received) -> Received:
        body = parsed(asked)
        return replace(asked, body=json.dumps(change(body)).encode()) if body is not None and when(body) else asked

    return lambda: Fault(asks=asks)


def parsed(asked: Received) -> Any:
    """Return the body of a publish request; None if it is none, or malformed, or very large."""
    if not publishes(asked) or len(asked.body) > 1_000_000:
        return None
    try:
        body = json.loads(asked.body)
    except ValueError:
        return None
    return body if isinstance(body, list | dict) else None


def one_event(body: Any, *members: str) -> bool:
    return isinstance(body, dict) and all(name in body for name in members)


def named_oldest(body: Any) -> bool:
    """Whether an event of the oldest version has a property that this version does not have."""
    return one_event(body, "schemaVersion") and body["schemaVersion"] == "1.0.0" and len(body["data"]) > 2


def forgetting() -> Fault:
    """Store an event again if more than a few others were published since."""
    known: dict[str, int] = {}
    count = 0

    def change(body: Any) -> Any:
        nonlocal count
        events = body if isinstance(body, list) else [body]
        count += len(events)
        name = events[0]["eventId"]
        forgotten = one_event(body) and count - known.setdefault(name, count) > MANY
        return {**body, "eventId": f"again-{count}"} if forgotten else body

    return rewriting(change, lambda body: one_event(body[0] if isinstance(body, list) and body else body, "eventId"))()


def by_name_alone() -> Fault:
    """Take an event for the first one with its `eventId`, if only their types differ."""
    first: dict[str, Any] = {}

    def change(body: Any) -> Any:
        known = first.setdefault(body["eventId"], body)
        return known if known["eventType"] != body["eventType"] else body

    return rewriting(change, lambda body: one_event(body, "eventId", "eventType"))()


def is_too_many(body: Any) -> bool:
    return isinstance(body, list) and len(body) == 1001


def are_without_names(body: Any) -> bool:
    return isinstance(body, list) and len(body) == 2 and "eventId" not in body[0]


def posts(when: Callable[[bytes], bool], status: int) -> Callable[[Received, Head], bool]:
    return lambda asked, given: publishes(asked) and given.status == status and when(asked.body)


def answered(status: int) -> Callable[[Head], Head]:
    return lambda given: replace(given, status=status)


PLANTED_IN_PUBLISHING: Final[Mapping[str, Planted]] = {
    "a page shows all events in one version": Planted(
        lambda: answers(
            with_json(lambda page: {**page, "events": [{**each, "schemaVersion": "1.1.0"} for each in page["events"]]}),
            lambda asked, _: asked.wants_page and asked.has("orderId") and asked.has("from"),
        ),
        "publish-version",
    ),
    "a version that an event names is ignored": Planted(
        rewriting(lambda body: {name: body[name] for name in body if name != "schemaVersion"}, named_oldest),
        "publish-held-to-version",
    ),
    "events without a name have one name": Planted(
        rewriting(lambda body: [{**each, "eventId": "no-name"} for each in body], are_without_names),
        "publish-unnamed",
    ),
    "the content is compared as text": Planted(
        lambda: answers(answered(409), posts(lambda body: b"\\u0063" in body, 201)), "publish-same"
    ),
    "the type is no part of the content": Planted(by_name_alone, "publish-other"),
    "an event is forgotten after some others": Planted(forgetting, "publish-remembered"),
    "a large request is refused": Planted(
        lambda: answers(answered(413), posts(lambda body: body.count(b'"eventType"') == 1000, 201)),
        "publish-largest",
    ),
    "more events than allowed are stored": Planted(
        rewriting(lambda body: body[:1000], is_too_many), "publish-too-much"
    ),
    "a body that is too large is malformed": Planted(
        lambda: answers(answered(400), status_is(413)), "publish-too-much"
    ),
    "a long name is cut": Planted(
        rewriting(
            lambda body: {**body, "eventId": body["eventId"][:128]},
            lambda body: one_event(body, "eventId") and len(body["eventId"]) == 129,
        ),
        "publish-names",
    ),
    "a name with a line end is cleaned": Planted(
        rewriting(
            lambda body: {**body, "eventId": body["eventId"].strip()},
            lambda body: one_event(body, "eventId") and body["eventId"].endswith("\n"),
        ),
        "publish-names",
    ),
    "only the first bad event is listed": Planted(
        lambda: answers(
            with_json(lambda problem: {**problem, "violations": problem["violations"][:1]}),
            posts(lambda body: b"no.such.type" in body, 422),
        ),
        "publish-unknown",
    ),
    "a member that is unknown is ignored": Planted(
        rewriting(
            lambda body: {name: body[name] for name in body if name != "noSuchMember"},
            lambda body: one_event(body, "noSuchMember"),
        ),
        "publish-unknown",
    ),
    "every body is taken for JSON": Planted(
        lambda: Fault(asks=lambda asked: replace(asked, headers={**asked.headers, "content-type": "application/json"})),
        "publish-media-type",
    ),
    "a byte order mark is skipped": Planted(
        lambda: Fault(asks=lambda asked: replace(asked, body=asked.body.removeprefix(b"\xef\xbb\xbf"))),
        "publish-malformed",
    ),
}
