"""Faults of servers that answer requests which only resemble good ones as if they were good. Each has the check that must find it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from tests.check.broken_server import Fault, Head, Received
from tests.check.faults import EVENTS, Planted, answers, publishes, with_json
from tests.check.publish_faults import one_event, posts, rewriting
from tests.check.refusal_faults import reads_events, without_malformed_id
from tests.check.start_faults import asking, dropped

BAD_EVENTS: Final = b"noSuchProperty0"


def with_known_types(asked: Received) -> Received:
    parameters = [(name, value.removesuffix(",no.such.type")) for name, value in asked.parameters]
    return replace(asked, parameters=parameters)


def accepts(old: str, new: str) -> Callable[[], Fault]:
    """Take one Accept header for another."""
    return asking(
        lambda asked: replace(asked, headers={**asked.headers, "accept": new}),
        lambda asked: asked.headers.get("accept") == old,
    )


def for_similar_hosts(asked: Received) -> Received:
    similar = asked.headers["host"].startswith("localhost.")
    return replace(asked, headers={**asked.headers, "host": "127.0.0.1"}) if similar else asked


def with_long_name(asked: Received, given: Head) -> Head:
    name = next((name for name, _ in asked.parameters if len(name) > 1000), "")
    return with_json(lambda problem: {**problem, "detail": name})(given) if name else given


def in_words(asked: Received) -> Received:
    """Replace what is not UTF-8."""
    return replace(asked, body=asked.body.decode("utf-8", "replace").encode()) if publishes(asked) else asked


def as_json(asked: Received) -> Received:
    similar = asked.headers.get("content-type", "").startswith("application/jsonp")
    return replace(asked, headers={**asked.headers, "content-type": "application/json"}) if similar else asked


def names_charset(asked: Received, given: Head) -> bool:
    return publishes(asked) and "charset=utf-8" in asked.headers.get("content-type", "").lower() and given.status == 201


def listing(change: Callable[[Any], Any]) -> Callable[[], Fault]:
    """Change the answer to a request with many bad events."""
    return lambda: answers(with_json(change), posts(lambda body: BAD_EVENTS in body, 422))


def with_one_more(problem: Any) -> Any:
    return {**problem, "violations": [*problem["violations"], {**problem["violations"][-1], "index": 20}]}


def with_long_messages(problem: Any) -> Any:
    return {**problem, "violations": [{**each, "message": "x" * 201} for each in problem["violations"]]}


def with_one_name(body: Any) -> bool:
    return isinstance(body, list) and len(body) == 2 and all(one_event(each, "eventId") for each in body) and (
        body[0]["eventId"] == body[1]["eventId"] and json.dumps(body[0]) != json.dumps(body[1])
    )  # fmt: skip


PLANTED_IN_SIMILAR_REQUESTS: Final[Mapping[str, Planted]] = {
    "an unknown type among others is ignored": Planted(asking(with_known_types, reads_events), "invalid-value"),
    "a page ignores a time that is none": Planted(
        asking(dropped("since"), lambda asked: asked.wants_page and asked.all("since") == ["yesterday"]),
        "invalid-value",
    ),
    "a parameter may be written in any case": Planted(
        asking(dropped("lasteventid"), reads_events), "unknown-parameter"
    ),
    "an unknown parameter of a page is accepted": Planted(
        asking(dropped("no-such-parameter"), lambda asked: asked.wants_page), "unknown-parameter"
    ),
    "a problem repeats a long name": Planted(lambda: Fault(gives=with_long_name), "unknown-parameter"),
    "a malformed id of a page is accepted": Planted(
        asking(without_malformed_id, lambda asked: asked.wants_page), "malformed-id"
    ),
    "a media type that begins alike is accepted": Planted(accepts("text/event-streams", "*/*"), "not-acceptable"),
    "a media type of no weight is accepted": Planted(
        accepts("text/event-stream;q=0", "text/event-stream"), "not-acceptable"
    ),
    "a client without an Accept is refused": Planted(
        lambda: answers(
            lambda given: replace(given, status=406),
            lambda asked, _: asked.method == "GET" and asked.path == EVENTS and "accept" not in asked.headers,
        ),
        "media-type",
    ),
    "a host that begins alike is answered for": Planted(lambda: Fault(asks=for_similar_hosts), "foreign-host"),
    "what is not UTF-8 is replaced": Planted(lambda: Fault(asks=in_words), "publish-malformed"),
    "a media type that begins like JSON is JSON": Planted(lambda: Fault(asks=as_json), "publish-media-type"),
    "a charset is refused": Planted(
        lambda: answers(lambda given: replace(given, status=415), names_charset), "publish-media-type"
    ),
    "more bad events are listed than may be": Planted(listing(with_one_more), "publish-violations"),
    "a message is long": Planted(listing(with_long_messages), "publish-violations"),
    "the total is that of the events that are listed": Planted(
        listing(lambda problem: {**problem, "total": 20}), "publish-violations"
    ),
    "the first of two events with one name is stored": Planted(
        rewriting(lambda body: body[:1], with_one_name), "publish-other"
    ),
    "a conflict in one request is a bad event": Planted(
        lambda: answers(lambda given: replace(given, status=422), posts(lambda body: body.startswith(b"["), 409)),
        "publish-other",
    ),
}
