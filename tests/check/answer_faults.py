"""Faults of counts, of headers and of refusals, each with the check that must find it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tests.check.broken_server import Change, Fault, Head, Received
from tests.check.faults import EVENTS, Planted, answers, keep, with_json, without_headers
from tests.check.start_faults import SOON

COUNTS: Final = f"{EVENTS}/counts"
PAGE_ALONE: Final = f"{EVENTS}/page"


def counts(asked: Received, given: Head) -> bool:
    return asked.path == COUNTS and given.status == 200


def one_more(answer: Any) -> Any:
    first, *others = answer["intervals"]
    counted = {type: count + 1 for type, count in first["counts"].items()}
    return {**answer, "intervals": [{**first, "counts": counted}, *others]}


def with_times_swapped(page: Any) -> Any:
    first, *others, last = page["events"]
    swapped = ({**first, "storedAt": last["storedAt"]}, *others, {**last, "storedAt": first["storedAt"]})
    return {**page, "events": swapped}


def has_events(asked: Received, given: Head) -> bool:
    return asked.wants_page and asked.path == EVENTS and given.body.count(b'"storedAt"') > 2 and asked.has("from")


def narrow(asked: Received) -> Received:
    """Answer for a second of an hour."""
    wide = asked.path == COUNTS and any("+00:00" in each for each in asked.all("since"))
    return asked.without("since", "until", "intervalSeconds") if wide else asked


def preferring_pages(asked: Received) -> Received:
    anything = asked.headers.get("accept") == "*/*" and asked.path == EVENTS
    return replace(asked, headers={**asked.headers, "accept": "application/json"}) if anything else asked


def accepts_gzip(asked: Received) -> bool:
    return asked.headers.get("accept-encoding") == "gzip"


def first_piece() -> Change:
    """Return a function that lets the first piece of a stream pass, and nothing more."""
    pieces: list[bytes] = []

    def change(piece: bytes) -> bytes:
        pieces.append(piece)
        return piece if len(pieces) == 1 else b""

    return change


def permitting_everybody(asked: Received, given: Head) -> Head:
    origin = asked.headers.get("origin")
    permitted = {"access-control-allow-origin": str(origin), "access-control-allow-credentials": "true"}
    return replace(given, headers={**given.headers, **permitted}) if origin else given


def with_last_values(asked: Received) -> Received:
    once = [each for each in asked.parameters if each[0] in ("eventTypes", "orderId")]
    last = {name: value for name, value in asked.parameters if name not in ("eventTypes", "orderId")}
    return replace(asked, parameters=[*once, *last.items()])


def smaller(asked: Received) -> Received:
    parameters = [(name, "1000" if (name, value) == ("limit", "1001") else value) for name, value in asked.parameters]
    return replace(asked, parameters=parameters)


def with_fewer_orders(asked: Received) -> Received:
    parameters = [(name, re.sub(",or_100$", "", value)) for name, value in asked.parameters]
    return replace(asked, parameters=parameters)


PLANTED_IN_ANSWERS: Final[Mapping[str, Planted]] = {
    "an event is counted twice": Planted(
        lambda: answers(with_json(one_more), lambda asked, given: counts(asked, given) and asked.has("until")),
        "counts",
    ),
    "counts are of all types": Planted(
        lambda: Fault(asks=lambda asked: asked.without("eventTypes") if asked.path == COUNTS else asked), "counts"
    ),
    "counts of one order are of all": Planted(
        lambda: Fault(asks=lambda asked: asked.without("orderId") if asked.path == COUNTS else asked),
        "counts-position",
    ),
    "the id of counts is that of the beginning": Planted(
        lambda: answers(
            with_json(lambda answer: {**answer, "lastEventId": f"{answer['lastEventId'].partition('-')[0]}-0"}), counts
        ),
        "counts-position",
    ),
    "too many intervals are counted": Planted(lambda: Fault(asks=narrow), "counts-refusals"),
    "the times of events decrease": Planted(lambda: answers(with_json(with_times_swapped), has_events), "stored-at"),
    "a client without a preference gets a page": Planted(lambda: Fault(asks=preferring_pages), "media-type"),
    "caches are not told of compression": Planted(
        lambda: answers(without_headers("vary"), lambda asked, _: accepts_gzip(asked)), "compression"
    ),
    "a gzip has no end": Planted(
        lambda: Fault(compressed=lambda asked: keep if asked.follows else lambda piece: piece[:-9]), "compression"
    ),
    "pages may be kept by caches": Planted(
        lambda: answers(without_headers("cache-control"), lambda asked, _: asked.wants_page), "caches"
    ),
    "metrics are no text of Prometheus": Planted(
        lambda: answers(
            lambda given: replace(given, body=b"streams = 7\n"),
            lambda asked, given: asked.path == "/metrics" and given.status == 200,
        ),
        "metrics",
    ),
    "a derived document is of an older version": Planted(
        lambda: answers(
            with_json(lambda document: {**document, "info": {**document["info"], "version": "0.9.0"}}),
            lambda asked, given: asked.path == "/asyncapi.json" and given.status == 200,
        ),
        "derived-documents",
    ),
    "a compressed stream is kept back": Planted(
        lambda: Fault(compressed=lambda asked: (lambda _: b"") if asked.follows else keep), "compression-open", SOON
    ),
    "an event is kept back on a compressed stream": Planted(
        lambda: Fault(compressed=lambda asked: first_piece() if asked.follows else keep), "compression-open", SOON
    ),
    "a stream is held for the time to wait": Planted(
        lambda: Fault(waits=lambda asked: 20 if asked.all("wait") == ["20"] and not asked.wants_page else 0),
        "page-wait",
        SOON,
    ),
    "every origin may use credentials": Planted(lambda: Fault(gives=permitting_everybody), "cross-origin"),
    "a server that answers is not ready": Planted(
        lambda: answers(
            with_json(lambda answer: {**answer, "status": "starting"}),
            lambda asked, given: asked.path == "/health/ready" and bool(given.body) and given.status == 200,
        ),
        "health",
    ),
    "the page at its own address ignores where to start": Planted(
        lambda: Fault(asks=lambda asked: asked.without("lastEventId") if asked.path == PAGE_ALONE else asked),
        "page-alone",
    ),
    "the page at its own address is a stream": Planted(
        lambda: Fault(asks=lambda asked: replace(asked, path=EVENTS) if asked.path == PAGE_ALONE else asked),
        "page-alone",
    ),
    "all readers are told of a deprecation": Planted(
        lambda: answers(
            lambda given: replace(given, headers={**given.headers, "deprecation": "@1796083200"}),
            lambda asked, _: asked.path == EVENTS,
        ),
        "deprecation",
    ),
    "the last value of a parameter counts": Planted(lambda: Fault(asks=with_last_values), "given-twice"),
    "a page of too many events is cut": Planted(lambda: Fault(asks=smaller), "invalid-value"),
    "too many orders are cut": Planted(lambda: Fault(asks=with_fewer_orders), "invalid-value"),
    "documents need a token": Planted(
        lambda: answers(
            lambda given: replace(given, status=401),
            lambda asked, _: asked.path == "/openapi.json" and asked.headers.get("authorization", "").startswith("B"),
        ),
        "open-operation",
    ),
}
