"""Judge a stream by its promise: compare the events that publishers were acknowledged with the events that each subscriber read.

It knows nothing of the server. Publisher p sends the counters 0, 1, 2 …, each as an order such as `p3-000017`; ids are only compared.
An acknowledged event is stored. An event without an answer is in doubt; it is stored if any subscriber was sent it.
"""

from __future__ import annotations

import json
import re
from bisect import bisect
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

FaultKind = Literal[
    "lost",  # stored, matched by the filter, not delivered, and no gap in its place
    "duplicated",  # delivered again to a subscriber that already had it
    "reordered",  # against its publisher's counter, or in another order than another subscriber saw
    "foreign",  # never sent, not matched by the filter, or not as it was sent
    "malformed",  # a frame that the contract does not allow
    "misnumbered",  # one id for two events, or another id than was acknowledged
    "gap",  # a gap with a reason for which this run gave no cause
]

_MARK = re.compile(r"p([0-9]+)-([0-9]{6,})", re.ASCII)
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_RESTARTING = (
    "foreign",
    "ahead",
)  # reasons after which a reader starts again from the beginning; after `expired` it only goes forward


class Mark(NamedTuple):
    """The identity of an event: its publisher, and its number among the events of that publisher."""

    publisher: int
    counter: int

    def __str__(self) -> str:
        return f"p{self.publisher}-{self.counter:06d}"


class Delivered(NamedTuple):
    """An order event that a subscriber read."""

    id: str
    mark: Mark
    event_type: str


class GapSeen(NamedTuple):
    """A `stream.gap`."""

    id: str
    reason: str
    requested: str


class Malformed(NamedTuple):
    """A frame that the contract does not allow."""

    text: str


Entry: TypeAlias = Delivered | GapSeen | Malformed


class Fault(NamedTuple):
    """One violation of the promise."""

    kind: FaultKind
    subscriber: str
    text: str


@dataclass(slots=True)
class Ledger:
    """The knowledge of the publishers: the type of every event that they sent, and the id of every event that was acknowledged."""

    sent: dict[Mark, str] = field(default_factory=dict)
    acknowledged: dict[Mark, str] = field(default_factory=dict)

    def sends(self, mark: Mark, event_type: str) -> None:
        self.sent[mark] = event_type

    def next_counters(self) -> dict[int, int]:
        """Return, for each publisher, the first counter that it has not sent yet."""
        upcoming: dict[int, int] = {}
        for mark in self.sent:
            upcoming[mark.publisher] = max(mark.counter + 1, upcoming.get(mark.publisher, 0))
        return upcoming


@dataclass(slots=True)
class SubscriberLog:
    """The order events and gaps that one subscriber read, across all its connections; checkpoints and closings leave no entry.

    `wants`: its filter.
    `since`: for each publisher, the first counter that the subscriber must have been sent; 0 if the publisher is not in it.
    A subscriber that joined late need not have earlier ones.
    """

    name: str
    wants: Callable[[Mark, str], bool] = lambda _mark, _event_type: True
    since: Mapping[int, int] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list, repr=False)

    @property
    def delivered(self) -> list[Delivered]:
        return [entry for entry in self.entries if isinstance(entry, Delivered)]

    @property
    def gaps(self) -> list[GapSeen]:
        return [entry for entry in self.entries if isinstance(entry, GapSeen)]

    def take(self, event: str, data: str, last_event_id: str) -> Entry | None:
        """Add a frame as a decoder yielded it; return the entry, or None if it leaves none."""
        entry = read_frame(event, data, last_event_id)
        if entry is not None:
            self.entries.append(entry)
        return entry


def parse_mark(order_id: str) -> Mark | None:
    found = _MARK.fullmatch(order_id)
    return Mark(int(found[1]), int(found[2])) if found else None


def read_frame(event: str, data: str, last_event_id: str) -> Entry | None:
    """Turn a frame into an entry; return None for a well-formed checkpoint or closing."""
    value = _json(data)
    named = event == "stream.closing" or _ID.fullmatch(last_event_id) is not None
    match event, value:
        case (("order.shipped" | "order.cancelled"), {"orderId": str(order_id), "when": str()}) if named:
            mark = parse_mark(order_id)
            if mark is not None:
                return Delivered(last_event_id, mark, event)
        case ("stream.checkpoint", {}) if named and not value:
            return None
        case "stream.closing", {"reason": str()}:
            return None
        case "stream.gap", {"reason": str(reason), "requested": str(requested), "earliest": str(earliest)} if named:
            if earliest == last_event_id:
                return GapSeen(last_event_id, reason, requested)
    return Malformed(f"id {last_event_id!r}, event {event!r}, data {data[:200]!r}")


def _json(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    return value


def judge(ledger: Ledger, logs: Sequence[SubscriberLog], *, gaps: Collection[str] = ()) -> list[Fault]:
    """Return every fault of the server; none if it kept its promise.

    `gaps`: the reasons of gaps that this run gives cause for. Only these are allowed, and only these excuse missing events.
    """
    # Before a `foreign` or `ahead` gap the subscriber read another history of the log. After it, everything that is kept is sent again.
    current = [_segments(log)[-1] for log in logs]
    seen = {entry.mark for entries in current for entry in entries if isinstance(entry, Delivered)}
    stored = ledger.acknowledged.keys() | (seen & ledger.sent.keys())
    counters: dict[int, list[int]] = defaultdict(list)
    for mark in sorted(stored):
        counters[mark.publisher].append(mark.counter)
    faults = [*_misnumbered(ledger, logs), *_disagreements(logs)]
    for log, entries in zip(logs, current, strict=True):
        faults += _unfit(ledger, log, gaps)
        for segment in _segments(log):
            faults += _repeated_or_reordered(log.name, segment)
        faults += _lost(ledger, log, entries, counters, gaps)
    return faults


def _segments(log: SubscriberLog) -> list[list[Entry]]:
    segments: list[list[Entry]] = [[]]
    for entry in log.entries:
        if isinstance(entry, GapSeen) and entry.reason in _RESTARTING:
            segments.append([])
        segments[-1].append(entry)
    return segments


def _unfit(ledger: Ledger, log: SubscriberLog, gaps: Collection[str]) -> Iterator[Fault]:
    for entry in log.entries:
        match entry:
            case Malformed(text):
                yield Fault("malformed", log.name, text)
            case GapSeen(_, reason, requested) if reason not in gaps:
                yield Fault("gap", log.name, f"{reason} after {requested}")
            case Delivered(_, mark, event_type):
                if ledger.sent.get(mark) != event_type:
                    yield Fault("foreign", log.name, f"{mark} as {event_type}, sent as {ledger.sent.get(mark)}")
                elif not log.wants(mark, event_type):
                    yield Fault("foreign", log.name, f"{mark} ({event_type}) is not wanted")


def _repeated_or_reordered(name: str, segment: Sequence[Entry]) -> Iterator[Fault]:
    seen: set[Mark] = set()
    newest: dict[int, int] = {}
    for entry in segment:
        if not isinstance(entry, Delivered):
            continue
        publisher, counter = entry.mark
        if entry.mark in seen:
            yield Fault("duplicated", name, f"{entry.mark} as {entry.id}")
        elif counter < newest.get(publisher, -1):
            yield Fault("reordered", name, f"{entry.mark} after {Mark(publisher, newest[publisher])}")
        seen.add(entry.mark)
        newest[publisher] = max(counter, newest.get(publisher, -1))


def _lost(
    ledger: Ledger,
    log: SubscriberLog,
    segment: Sequence[Entry],
    counters: Mapping[int, Sequence[int]],
    gaps: Collection[str],
) -> Iterator[Fault]:
    excusing = [place for place, entry in enumerate(segment) if isinstance(entry, GapSeen) and entry.reason in gaps]
    places: dict[Mark, int] = {}
    for place, entry in enumerate(segment):
        if isinstance(entry, Delivered):
            places.setdefault(entry.mark, place)
    for publisher, stored in counters.items():
        before = -1  # index in the segment: this publisher's events up to here have been judged
        missing: list[Mark] = []
        for counter in stored:
            mark = Mark(publisher, counter)
            if mark in places:
                yield from _unexcused(log.name, missing, before, places[mark], excusing)
                before, missing = places[mark], []
            elif counter >= log.since.get(publisher, 0) and log.wants(mark, ledger.sent[mark]):
                missing.append(mark)
        yield from _unexcused(log.name, missing, before, len(segment), excusing)


def _unexcused(name: str, missing: Sequence[Mark], before: int, after: int, excusing: Sequence[int]) -> Iterator[Fault]:
    if missing and bisect(excusing, before) == bisect(excusing, after):
        yield from (Fault("lost", name, str(mark)) for mark in missing)


def _misnumbered(ledger: Ledger, logs: Sequence[SubscriberLog]) -> Iterator[Fault]:
    owners: dict[str, Mark] = {}
    for mark, identifier in ledger.acknowledged.items():
        if owners.setdefault(identifier, mark) != mark:
            yield Fault("misnumbered", "publishers", f"{identifier} for {owners[identifier]} and for {mark}")
    names = {mark: identifier for identifier, mark in owners.items()}
    for log in logs:
        for identifier, mark, _ in log.delivered:
            if owners.setdefault(identifier, mark) != mark:
                yield Fault("misnumbered", log.name, f"{identifier} for {owners[identifier]} and for {mark}")
            elif names.setdefault(mark, identifier) != identifier:
                yield Fault("misnumbered", log.name, f"{mark} as {names[mark]} and as {identifier}")


def _disagreements(logs: Sequence[SubscriberLog]) -> Iterator[Fault]:
    """Find out whether one order of all events agrees with what every subscriber saw: a cycle among neighbours is a fault."""
    followers: dict[Mark, set[Mark]] = defaultdict(set)
    for log in logs:
        for segment in _segments(log):
            marks = list(dict.fromkeys(entry.mark for entry in segment if isinstance(entry, Delivered)))
            for earlier, later in pairwise(marks):
                followers[earlier].add(later)
    try:
        TopologicalSorter(followers).prepare()
    except CycleError as cycle:
        marks = cycle.args[1]
        yield Fault("reordered", "all", f"no order fits all subscribers: {', '.join(map(str, marks[:10]))}")
