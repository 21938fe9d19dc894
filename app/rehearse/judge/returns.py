"""With which id a consumer came back, and after how long."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Final

from app.rehearse.judge.fault import Fault
from app.rehearse.judge.presence import after
from app.rehearse.observed.observations import Asked, Form
from app.rehearse.observed.seen import Seen
from app.rehearse.scenario import Ending, Refusal, Scenario, Stream

_EARLY: Final = 0.9  # of the time to wait: clocks differ, and timers fire early
_LATE: Final = 10.0  # times the retry time
_LEAST_WAITS: Final = 3  # of a consumer that is said to be late, or the same, each time
_OUTAGES: Final = 2
_ALIKE_SECONDS: Final = 0.005  # three random waits of a tenth of a second are not so near to three others by chance


def judge_returns(seen: Seen, scenario: Scenario, slack_seconds: float) -> Iterator[Fault]:
    """Yield the faults of a consumer that comes back with a wrong id, too soon, too late, or too often.

    `slack_seconds`: how much later everything may be, because the machine is busy.
    """
    pairs = list(pairwise(seen.asked))
    for before, asked in pairs:
        yield from _id(before, asked, seen)
        yield from _early(before, asked, scenario)
    yield from _late([each for each in pairs if _is_idle(*each, seen, scenario)], seen, slack_seconds)
    yield from _alike([_waits(refused, seen) for refused in _outages(seen)])
    for answer, group in groupby(seen.asked, key=lambda each: each.answer):
        if isinstance(answer, Refusal) and not (scenario.stops and answer is scenario.answers[-1]):
            yield from _refused(answer, list(group))


def _id(before: Asked, asked: Asked, seen: Seen) -> Iterator[Fault]:
    came, newest = asked.last_event_id, asked.newest
    if asked.may_come_with is None or came in asked.may_come_with:
        return
    if came is None and any(each.last_event_id in asked.may_come_with for each in seen.beside):
        return  # it follows what is new, and reads what it lacks from the log
    if came is None:
        yield Fault(
            "Send the id of the last event as Last-Event-ID, after every end of a stream.",
            f"It came back without an id after {after(before)}, although it had been sent {newest}.",
            (str(newest),),
        )
    elif before.unfinished is not None and came == before.unfinished.id:
        yield Fault(
            "Take the id of an event only when its blank line has come.",
            f"It came back with {came}, of which it had been sent a part, so it misses that event.",
            (came,),
        )
    else:
        yield Fault(
            "Keep the id of the last event that came whole, as it is, and send it as Last-Event-ID.",
            f"It came back with {came[:64]} after {after(before)}, although the last id that it had been sent is {newest}.",
            (came[:64], str(newest)),
        )


def _early(before: Asked, asked: Asked, scenario: Scenario) -> Iterator[Fault]:
    """Yield a fault if a wait was shorter than the server had asked for. No machine is so slow that a wait becomes shorter."""
    if before.ended_at is None or not before.ended_by_server:
        return
    waited = asked.at - before.ended_at
    if isinstance(before.answer, Refusal):
        if not asked.explains and waited < (before.answer.retry_after or 0) * _EARLY:
            told = f"It came back {waited:.3f} s after {after(before)}, which had Retry-After: {before.answer.retry_after}."
            yield Fault("Wait for as many seconds as `Retry-After` says.", told)
    elif _has_retry(before, asked, scenario) and waited < before.retry_ms / 1000 * _EARLY:
        yield Fault("Wait for the time in the last `retry` before you come back.", _told(before, waited))


def _late(waits: list[tuple[Asked, Asked]], seen: Seen, slack_seconds: float) -> Iterator[Fault]:
    """Yield a fault if every wait in which there was nothing to do was too long. One or two may be accidents of a busy machine."""
    over = [
        (_idle_seconds(before, asked, seen) - slack_seconds - _LATE * before.retry_ms / 1000, before, asked)
        for before, asked in waits
    ]
    if len(over) >= _LEAST_WAITS and min(each for each, _, _ in over) > 0:
        _, before, asked = over[0]
        yield Fault(
            "Come back soon: wait for the time in the last `retry`, not for a time of your own.",
            _told(before, _idle_seconds(before, asked, seen)),
        )


def _is_idle(before: Asked, asked: Asked, seen: Seen, scenario: Scenario) -> bool:
    """Return whether it is known since when a consumer had nothing to do but to come back: it had, or has reported, no event.

    After a gap, it may load the state anew. How long it waits for a silent connection is its own affair.
    """
    if not _has_retry(before, asked, scenario) or before.gap_sent or not before.ended_by_server:
        return False
    return all(seen.has_applied(each.id) for each in before.delivered if each.known)


def _has_retry(before: Asked, asked: Asked, scenario: Scenario) -> bool:
    """Return whether a consumer had to wait for the time in `retry`. Reads that end by themselves have no such time."""
    if not isinstance(before.answer, Stream) or before.ended_at is None or asked.at < before.ended_at:
        return False
    if before.form is not Form.FOLLOWED or before.limited or before.answer.end is Ending.SILENCE:
        return False
    begins_anew = before.gap_sent and asked.last_event_id is None
    return not begins_anew and not (scenario.stops and before.answer is scenario.answers[-1])


def _idle_seconds(before: Asked, asked: Asked, seen: Seen) -> float:
    """Return how long a consumer waited since a stream had ended and it had reported the last event."""
    reports = (each.at for each in seen.reported if each.at <= asked.at)
    return asked.at - max(before.ended_at or asked.at, max(reports, default=0.0))


def _told(before: Asked, waited_seconds: float) -> str:
    return f"It came back {waited_seconds:.3f} s after {after(before)}; `retry` was {before.retry_ms} ms."


def _outages(seen: Seen) -> Iterator[list[Asked]]:
    """Yield the requests for streams of each time in which all were refused, and no time to wait was named."""
    for answer, group in groupby(seen.asked, key=lambda each: each.answer):
        refused = [each for each in group if each.form is Form.FOLLOWED]
        if isinstance(answer, Refusal) and answer.least_requests > 1 and refused:
            yield refused


def _waits(refused: list[Asked], seen: Seen) -> list[float]:
    """Return the waits in seconds after refused requests, in order."""
    following = seen.asked[seen.asked.index(refused[0]) + 1 :]
    return [asked.at - before.at for before, asked in zip(refused, following, strict=False)]


def _alike(outages: list[list[float]]) -> Iterator[Fault]:
    """Yield a fault if the waits after failures were the same in two outages, although `retry` was not: a crowd would come back as one."""
    if len(outages) < _OUTAGES:
        return
    pairs = list(zip(*outages[:_OUTAGES], strict=False))
    if len(pairs) >= _LEAST_WAITS and all(abs(one - other) < _ALIKE_SECONDS for one, other in pairs):
        told = ", ".join(f"{wait:.2f}" for wait, _ in pairs[:_LEAST_WAITS])
        yield Fault(
            "Add a random time to the wait after a failure: all that have lost a server come back at the same moments otherwise.",
            f"It came back after {told} s in one outage, and in the next one, too.",
        )


def _refused(answer: Refusal, asked: list[Asked]) -> Iterator[Fault]:
    """Yield a fault if more requests came while they were refused than is fair. If there is a `Retry-After`, each wait is judged."""
    allowed = answer.most_requests
    if allowed is None:
        span = max(answer.seconds, asked[-1].at - asked[0].at)
        allowed = int(1.5 * span / (asked[0].retry_ms / 1000)) + 3
    if len(asked) - 1 > allowed and answer.retry_after is None:
        span = asked[-1].at - asked[0].at
        told = f"It came back {len(asked) - 1} times within {span:.1f} s after {after(asked[0])}."
        yield Fault("Wait after each failure, longer each time, and add a random time.", told)
