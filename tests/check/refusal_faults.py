"""Faults of how requests to read are refused. Each has the check that must find it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from tests.check.broken_server import Fault, Head, Received
from tests.check.faults import EVENTS, Planted, answers, as_html, status_is, with_json, without_headers


def reads_events(asked: Received) -> bool:
    return asked.method == "GET" and asked.path == EVENTS


def without_malformed_id(asked: Received) -> Received:
    malformed = any(not re.fullmatch(r"[\w-]{1,64}\Z", value, re.ASCII) for value in asked.all("lastEventId"))
    return asked.without("lastEventId") if malformed else asked


def accepting_all(asked: Received) -> Received:
    is_html = asked.path == EVENTS and asked.headers.get("accept") == "text/html"
    return replace(asked, headers={**asked.headers, "accept": "*/*"}) if is_html else asked


def asks_for(**parameters: str) -> Callable[[Received, Head], bool]:
    return lambda asked, _: all(asked.all(name) == [value] for name, value in parameters.items())


def is_odd(asked: Received) -> bool:
    return asked.method == "PATCH" and asked.path == "/health/live"


def for_any_host(asked: Received) -> Received:
    return (
        replace(asked, headers={**asked.headers, "host": "127.0.0.1"}) if "invalid" in asked.headers["host"] else asked
    )


PLANTED_IN_REFUSALS: Final[Mapping[str, Planted]] = {
    "a malformed id is accepted": Planted(lambda: Fault(asks=without_malformed_id), "malformed-id"),
    "an unknown parameter is accepted": Planted(
        lambda: Fault(asks=lambda asked: asked.without("no-such-parameter") if reads_events(asked) else asked),
        "unknown-parameter",
    ),
    "a problem has another status": Planted(
        lambda: answers(
            with_json(lambda problem: {**problem, "status": 422}),
            lambda asked, _: reads_events(asked) and asked.has("no-such-parameter"),
        ),
        "unknown-parameter",
    ),
    "a bad value is an internal error": Planted(
        lambda: answers(lambda given: replace(given, status=500), asks_for(limit="0")), "invalid-value"
    ),
    "a stream is sent to a client that accepts none": Planted(lambda: Fault(asks=accepting_all), "not-acceptable"),
    "a 404 is a page of HTML": Planted(lambda: answers(as_html, status_is(404)), "unknown-path"),
    "a problem is too long": Planted(
        lambda: answers(with_json(lambda problem: {**problem, "detail": "x" * 3000}), status_is(404)), "unknown-path"
    ),
    "a path has every method": Planted(
        lambda: Fault(asks=lambda asked: replace(asked, method="GET") if is_odd(asked) else asked), "wrong-method"
    ),
    "every host is answered for": Planted(lambda: Fault(asks=for_any_host), "foreign-host"),
    "a problem of another host is a page of HTML": Planted(
        lambda: answers(lambda given: replace(given, headers={"content-type": "text/html"}), status_is(421)),
        "foreign-host",
    ),
    "problems have no pages": Planted(
        lambda: Fault(asks=lambda asked: replace(asked, path="/gone") if "/problems/" in asked.path else asked),
        "problem-page",
    ),
    "a 405 allows nothing": Planted(lambda: answers(without_headers("allow"), status_is(405)), "wrong-method"),
}
