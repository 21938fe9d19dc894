"""Whether a consumer applied what it was sent: every event once, in order, and no gap passed over. Only if it reports that."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from app.rehearse.judge.fault import Fault
from app.rehearse.observed.observations import Delivered, Form, Reported
from app.rehearse.observed.seen import Seen
from app.rehearse.scenario import Scenario

_MOST_IDS = 5  # in one finding


def judge_applied(seen: Seen, scenario: Scenario, *, reports: bool) -> Iterator[Fault]:
    """Yield the faults of a consumer in what it applied. `reports`: whether it has reported anything, in this scenario or before."""
    if seen.malformed_report is not None:
        yield Fault('Report {"id": …} for an event, and {"gap": …} for a gap.', f"It reported {seen.malformed_report}.")
    if not (reports or seen.reported):
        return
    applied = [each for each in seen.reported if each.gap is None and each.id is not None]
    sent = {each.id: each for each in seen.events()}
    places = {id: place for place, id in enumerate(sent)}
    ids = [str(each.id) for each in applied]
    yield from _unknown(ids, places)
    yield from _twice(ids)
    yield from _missing(ids, seen.events_to_apply())
    yield from _out_of_order([id for id in dict.fromkeys(ids) if id in places], places)
    yield from _changed(applied, sent)
    yield from _gaps(seen)
    if scenario.told_at_once and applied:
        yield from _collected(seen, applied[0], scenario)


def _collected(seen: Seen, applied: Reported, scenario: Scenario) -> Iterator[Fault]:
    """Yield a fault if nothing was applied before its stream had ended, not even of a stream that does not end."""
    first = next(each for each in seen.asked if not each.limited)
    if first.form is not Form.FOLLOWED or first.ended_at is None or applied.at <= first.ended_at:
        return
    held = [each.id for each in seen.asked[-1].delivered if each.known] if seen.asked[-1] is not first else []
    if not any(map(seen.has_applied, held)):
        yield Fault(
            scenario.promise, "It reported nothing until the stream had ended: something collects the response."
        )


def _unknown(ids: list[str], places: dict[str, int]) -> Iterator[Fault]:
    found = list(dict.fromkeys(id for id in ids if id not in places))
    if found:
        yield Fault(
            "Apply an event only when its blank line has come, under its own id.",
            f"It applied {_count(found)} that was never sent whole.",
            _few(found),
        )


def _twice(ids: list[str]) -> Iterator[Fault]:
    found = [id for id, count in Counter(ids).items() if count > 1]
    if found:
        yield Fault(
            "Apply each id once: keep the ids that you have applied.",
            f"It applied {_count(found)} more than once.",
            _few(found),
        )


def _missing(ids: list[str], expected: list[Delivered]) -> Iterator[Fault]:
    applied = set(ids)
    found = [each.id for each in expected if each.id not in applied]
    if found:
        yield Fault(
            "Apply every event that you are sent.", f"It never applied {_count(found)} of {len(expected)}.", _few(found)
        )


def _out_of_order(ids: list[str], places: dict[str, int]) -> Iterator[Fault]:
    found = [(before, now) for before, now in pairwise(ids) if places[now] < places[before]]
    if found:
        before, now = found[0]
        yield Fault("Apply events in the order in which they come.", f"It applied {now} after {before}.", (now, before))


def _changed(applied: list[Reported], delivered: dict[str, Delivered]) -> Iterator[Fault]:
    told = [each for each in applied if each.data is not None and each.id in delivered]
    found = [str(each.id) for each in told if each.data != json.loads(delivered[str(each.id)].data)]
    if found:
        yield Fault(
            "Take the data as it is: decode UTF-8 across pieces, then JSON.",
            f"The data of {_count(found)} is not what was sent.",
            _few(found),
        )


def _gaps(seen: Seen) -> Iterator[Fault]:
    sent, told = seen.gaps(), [each for each in seen.reported if each.gap is not None]
    if len(told) < len(sent):
        yield Fault(
            'Take note of every stream.gap: events are lost. Report it as {"gap": REASON}.',
            f"It reported {len(told)} of {len(sent)} gaps.",
            _few([each.id for each in sent]),
        )


def _count(ids: list[str]) -> str:
    return f"{len(ids)} event{'s' if len(ids) > 1 else ''}"


def _few(ids: list[str]) -> tuple[str, ...]:
    return tuple(ids[:_MOST_IDS])
