"""All scenarios of a rehearsal. Those about reasons and event types follow from the contract, so that a new reason is rehearsed, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from app.rehearse.rehearsed_events import UNKNOWN_CONTROL_TYPE, UNKNOWN_TYPE
from app.rehearse.scenario import Ending, EventMaker, Refusal, Scenario, Stream, Writing, examples
from app.specification.contracts import Contracts

FINAL_REASONS: Final = ("end", "limit")  # after any other reason, a client comes back

_LARGE_CHARACTERS: Final = 1_000_000
_BURST_EVENTS: Final = 10_000
_UNKNOWN_REASON: Final = "rehearsal"
_REST: Final = Stream(events=examples(2))
_CUT: Final = Stream(end=Ending.CUT)
_EMPTY: Final = Stream(events=examples(0), end=Ending.CUT)
_OUTAGE: Final = Refusal(status=500, seconds=1.2, least_requests=3)
_PROXY_PAGE: Final = b"""<!doctype html>
<title>Maintenance</title>
<style>
id: proxy
</style>

<p>We will be back shortly.</p>
"""

_RESUME: Final = "Come back after the time in `retry`, with the id of the last event that came whole, and miss nothing."
_GAP: Final = (
    "Take note of a stream.gap, whatever its reason, and go on with the events after it, or load the state anew."
)
_IGNORE: Final = "Ignore what you do not know, and go on."


def scenarios(contracts: Contracts) -> tuple[Scenario, ...]:
    """Return all scenarios for a contract, in the order in which they are played."""
    return (*_CUTS, *_REFUSALS, *_closings(contracts), *_gaps(contracts), *_CONTENTS)


def _not_ascii(count: int) -> EventMaker:
    return lambda events: [events.not_ascii() for _ in range(count)]


def _cut(name: str, end: Ending, **stream: Any) -> Scenario:
    return Scenario(name, _RESUME, (Stream(end=end, **stream), _REST))


def _sent(name: str, promise: str, *events: EventMaker, **stream: Any) -> Scenario:
    """Return a scenario in which the consumer is sent something special, then an example, and then has to come back."""
    first = [Stream(events=each, end=Ending.CUT, **stream) for each in events]
    return Scenario(name, promise, (*first, _REST))


_CUTS: Final = (
    Scenario(
        "live",
        "Apply each event when it comes, and not when the stream ends.",
        (Stream(end=Ending.CLOSING, reason="drain", waits_seconds=5), _REST),
        told_at_once=True,
    ),
    _cut("cut-between-events", Ending.CUT),
    _cut("cut-in-event", Ending.CUT_IN_EVENT),
    _cut("cut-in-character", Ending.CUT_IN_CHARACTER, events=_not_ascii(2), writing=Writing.UNESCAPED),
    _cut("cut-in-line-end", Ending.CUT_IN_LINE_END, writing=Writing.CRLF),
    _cut("reset", Ending.RESET),
    _cut("silence", Ending.SILENCE),
    Scenario("retry-times", _RESUME, (_CUT, _EMPTY, _EMPTY, _EMPTY, _REST)),
)

_REFUSALS: Final = (
    Scenario(
        "status-500",
        "Come back after a failure with the last id, at most once in each `retry` time, and not as all others do.",
        (_CUT, _OUTAGE, _CUT, _OUTAGE, _REST),
    ),
    Scenario(
        "status-503",
        "Come back after the time in `Retry-After`, with the last id.",
        (_CUT, Refusal(status=503, seconds=1.5, retry_after=2), _REST),
    ),
    Scenario(
        "status-429",
        "Come back after the time in `Retry-After`, with the last id.",
        (_CUT, Refusal(status=429, seconds=1.5, retry_after=2), _REST),
    ),
    Scenario(
        "status-204",
        "Stop after a 204: there is nothing more.",
        (_CUT, Refusal(status=204, seconds=2.0, most_requests=0)),
        stops=True,
    ),
    Scenario(
        "status-401",
        "Stop after a 401, or ask less and less often: without other credentials the answer stays the same.",
        (_CUT, Refusal(status=401, seconds=2.5, most_requests=8)),
        stops=True,
    ),
    Scenario(
        "proxy-page",
        "Take nothing from a 200 that is no event stream: end with an error, or come back with the last id.",
        (_CUT, Refusal(status=200, seconds=0.8, media_type="text/html", body=_PROXY_PAGE), _REST),
        may_stop=True,
    ),
)

_CONTENTS: Final = (
    Scenario(
        "sent-again",
        "Apply an event that is sent again once: its id is the same.",
        (_CUT, Stream(events=examples(1), sent_again=2)),
    ),
    Scenario(
        "restart",
        "Keep ids as they are: after a restart of the server they look different.",
        (_CUT, Stream(restarts=True, end=Ending.CUT), _REST),
    ),
    _sent("unknown-event", _IGNORE, lambda events: [*events.take(1), events.of_type(UNKNOWN_TYPE), *events.take(1)]),
    _sent("unknown-control", _IGNORE, lambda events: [events.of_type(UNKNOWN_CONTROL_TYPE), *events.take(1)]),
    _sent("unknown-property", _IGNORE, lambda events: [events.changed(rehearsed={"deep": [1, None]}), *events.take(1)]),
    _sent("next-major", _IGNORE, lambda events: [events.of_next_major(), *events.take(1)]),
    _sent("comments", _IGNORE, examples(3), writing=Writing.COMMENTED),
    _sent(
        "long-id",
        "Keep ids of up to 64 characters, and send them back as they are.",
        examples(3),
        writing=Writing.LONG_IDS,
    ),
    _sent("crlf", "Take CR LF for the end of a line, also if the LF comes later.", examples(3), writing=Writing.CRLF),
    _sent(
        "byte-order-mark",
        "Skip a byte order mark at the beginning of a stream.",
        examples(3),
        writing=Writing.BYTE_ORDER_MARK,
    ),
    _sent("byte-by-byte", "Put together what comes in small pieces.", examples(2), writing=Writing.BYTE_BY_BYTE),
    _sent("not-ascii", "Decode UTF-8 across the pieces in which it comes.", _not_ascii(3), writing=Writing.UNESCAPED),
    _sent("large-data", "Read an event of 1 MB.", lambda events: [events.large(_LARGE_CHARACTERS), *events.take(1)]),
    Scenario(
        "burst",
        "Read 10,000 events that come at once.",
        # Not cut: undici throws away what it has not passed on then, and the consumer rightly asks for it again.
        (Stream(events=examples(_BURST_EVENTS), end=Ending.CLOSING, reason="drain"), _REST),
        slow_seconds=60,
    ),
)


def _closings(contracts: Contracts) -> Iterator[Scenario]:
    for reason in (*_reasons(contracts, "stream.closing"), _UNKNOWN_REASON):
        closing = Stream(end=Ending.CLOSING, reason=reason)
        name = f"closing-{reason.replace('_', '-')}"
        if reason in FINAL_REASONS:
            yield Scenario(
                name,
                f"Stop at stream.closing with the reason {reason}: you have everything.",
                (closing,),
                stops=True,
            )
            continue
        refused = Stream(events=examples(0), end=Ending.CLOSING, reason=reason, is_refused=True)
        promise = (
            f"Come back after stream.closing with the reason {reason}, after the time in `retry`, with the last id."
        )
        yield Scenario(name, promise, (closing, refused, _REST))


def _gaps(contracts: Contracts) -> Iterator[Scenario]:
    for reason in (*_reasons(contracts, "stream.gap"), _UNKNOWN_REASON):
        yield Scenario(f"gap-{reason}", _GAP, (_CUT, Stream(gap=reason, end=Ending.CUT), _REST))


def _reasons(contracts: Contracts, control_type: str) -> tuple[str, ...]:
    """Return the reasons that the newest version of a control event has."""
    newest = contracts.get(control_type, contracts.versions(control_type)[-1])
    properties: Any = newest.schema["properties"]
    return tuple(properties["reason"]["enum"])
