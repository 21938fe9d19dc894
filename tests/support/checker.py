"""Judge a stream by its promise: what publishers were acknowledged, against what each subscriber read.

It knows nothing of the server. Publisher p sends the counters 0, 1, 2 …, each the order `p3-000017`; ids are compared, never read.
An event that was acknowledged is stored; one whose publisher got no answer is in doubt, and stored if anyone was sent it.
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
    "lost",  # stored, wanted, not delivered, and no gap stands where it is missing
    "duplicated",  # delivered again to a subscriber that had come past it
    "reordered",  # against its publisher's counter, or otherwise than another subscriber saw it
    "foreign",  # never sent, not wanted, or not as it was sent
    "malformed",  # a frame that the contract does not have
    "misnumbered",  # one id for two events, or another id than was acknowledged
    "gap",  # a gap where nothing was missing that this kind of gap could explain
]

_MARK = re.compile(r"p([0-9]+)-([0-9]{6,})", re.ASCII)
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}", re.ASCII)
_RESTARTING = ("foreign", "ahead")  # a reader told one of these begins anew; one told `expired` only goes forward


class Mark(NamedTuple):
    """One event: who sent it, and which of its events it is."""

    publisher: int
    counter: int

    def __str__(self) -> str:
        return f"p{self.publisher}-{self.counter:06d}"


class Delivered(NamedTuple):
    """An order event, as a subscriber read it."""

    id: str
    mark: Mark
    event_type: str


class GapTold(NamedTuple):
    """A `stream.gap`."""

    id: str
    reason: str
    requested: str


class Malformed(NamedTuple):
    """A frame that the contract does not have."""

    text: str


Entry: TypeAlias = Delivered | GapTold | Malformed


class Fault(NamedTuple):
    """One breach of the promise."""

    kind: FaultKind
    subscriber: str
    text: str


@dataclass(slots=True)
class Ledger:
    """What the publishers know: the type of every event they sent, the id of every one that was acknowledged."""

    sent: dict[Mark, str] = field(default_factory=dict)
    acknowledged: dict[Mark, str] = field(default_factory=dict)

    def sends(self, mark: Mark, event_type: str) -> None:
        self.sent[mark] = event_type

    def next_counters(self) -> dict[int, int]:
        """The first counter of each publisher that has not been sent yet."""
        upcoming: dict[int, int] = {}
        for mark in self.sent:
            upcoming[mark.publisher] = max(mark.counter + 1, upcoming.get(mark.publisher, 0))
        return upcoming


@dataclass(slots=True)
class SubscriberLog:
    """What one subscriber read, across all its connections; checkpoints and closings leave no entry.

    `wants` is its filter. `since` gives, by publisher, the first counter that it must have been sent: it joined later than that
    publisher began; 0 where absent.
    """

    name: str
    wants: Callable[[Mark, str], bool] = lambda _mark, _event_type: True
    since: Mapping[int, int] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list, repr=False)

    @property
    def delivered(self) -> list[Delivered]:
        return [entry for entry in self.entries if isinstance(entry, Delivered)]

    @property
    def gaps(self) -> list[GapTold]:
        return [entry for entry in self.entries if isinstance(entry, GapTold)]

    def take(self, event: str, data: str, last_event_id: str) -> Entry | None:
        """Write down one frame as a decoder gave it; return what was written."""
        entry = read_frame(event, data, last_event_id)
        if entry is not None:
            self.entries.append(entry)
        return entry


def parse_mark(order_id: str) -> Mark | None:
    found = _MARK.fullmatch(order_id)
    return Mark(int(found[1]), int(found[2])) if found else None


def read_frame(event: str, data: str, last_event_id: str) -> Entry | None:
    """Read a frame; None for a checkpoint or a closing that is as it should be."""
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
                return GapTold(last_event_id, reason, requested)
    return Malformed(f"id {last_event_id!r}, event {event!r}, data {data[:200]!r}")


def _json(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    return value


def judge(ledger: Ledger, logs: Sequence[SubscriberLog], *, gaps: Collection[str] = ()) -> list[Fault]:
    """List every fault of the server; empty if it kept its promise.

    `gaps` are the reasons of gaps that this run gives cause for: only these may be told, and only these excuse missing events.
    """
    # What was read before a new beginning was kept by another history of the log, and what is kept is sent again after it.
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
        if isinstance(entry, GapTold) and entry.reason in _RESTARTING:
            segments.append([])
        segments[-1].append(entry)
    return segments


def _unfit(ledger: Ledger, log: SubscriberLog, gaps: Collection[str]) -> Iterator[Fault]:
    for entry in log.entries:
        match entry:
            case Malformed(text):
                yield Fault("malformed", log.name, text)
            case GapTold(_, reason, requested) if reason not in gaps:
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
    excusing = [place for place, entry in enumerate(segment) if isinstance(entry, GapTold) and entry.reason in gaps]
    places: dict[Mark, int] = {}
    for place, entry in enumerate(segment):
        if isinstance(entry, Delivered):
            places.setdefault(entry.mark, place)
    for publisher, stored in counters.items():
        before = -1  # the place in the segment up to which this publisher's events have been accounted for
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
    """Look for one order that every subscriber's order is part of; each pair of neighbours is an edge of it."""
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
