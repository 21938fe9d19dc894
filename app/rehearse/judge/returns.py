"""With which id a consumer came back, and after how long."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Final

from app.rehearse.judge.fault import Fault
from app.rehearse.judge.presence import after
from app.rehearse.scenario import Ending, Refusal, Scenario, Stream
from app.rehearse.seen import Asked, Form, Seen

_EARLY: Final = 0.9  # of the retry time: clocks differ, and timers fire early
_LATE: Final = 10.0  # times the retry time


def judge_returns(seen: Seen, scenario: Scenario, slack_seconds: float) -> Iterator[Fault]:
    """Yield the faults of a consumer that comes back with a wrong id, too soon, too late, or too often.

    `slack_seconds`: how much later everything may be, because the machine is busy.
    """
    for before, asked in pairwise(seen.asked):
        yield from _id(before, asked, seen)
        yield from _wait(before, asked, scenario, slack_seconds + _busy_seconds(before, asked, seen))
    for answer, group in groupby(seen.asked, key=lambda each: each.answer):
        if isinstance(answer, Refusal) and not (scenario.stops and answer is scenario.answers[-1]):
            yield from _refused(answer, list(group))


def _busy_seconds(before: Asked, asked: Asked, seen: Seen) -> float:
    """Return for how long the consumer still applied what it had been sent after a stream had ended."""
    ended_at = before.ended_at or asked.at
    return max(0.0, *(each.at - ended_at for each in seen.reported if each.at <= asked.at), 0.0)


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


def _wait(before: Asked, asked: Asked, scenario: Scenario, slack_seconds: float) -> Iterator[Fault]:
    """Yield a fault if the wait after a stream was too short or too long. Reads that end by themselves have no such time."""
    if not isinstance(before.answer, Stream) or before.ended_at is None or asked.at < before.ended_at:
        return
    if before.form is not Form.FOLLOWED or before.limited:
        return
    begins_anew = before.gap_sent and asked.last_event_id is None
    if begins_anew or (scenario.stops and before.answer is scenario.answers[-1]):
        return
    waited, retry = asked.at - before.ended_at, before.retry_ms / 1000
    told = f"It came back {waited:.3f} s after {after(before)}; `retry` was {before.retry_ms} ms."
    if before.ended_by_server and waited < retry * _EARLY:
        yield Fault("Wait for the time in the last `retry` before you come back.", told)
    if before.answer.end is not Ending.SILENCE and waited > retry * _LATE + slack_seconds:
        yield Fault("Come back soon: wait for the time in the last `retry`, not for a time of your own.", told)


def _refused(answer: Refusal, asked: list[Asked]) -> Iterator[Fault]:
    """Yield a fault if more requests came while they were refused than is fair."""
    allowed = answer.most_requests
    if allowed is None:
        allowed = int(1.5 * answer.seconds / (asked[0].retry_ms / 1000)) + 3
    if len(asked) - 1 <= allowed:
        return
    span = asked[-1].at - asked[0].at
    told = f"It came back {len(asked) - 1} times within {span:.1f} s after {after(asked[0])}"
    if answer.retry_after is None:
        yield Fault("Wait after each failure, longer each time, and add a random time.", f"{told}.")
    else:
        yield Fault(
            "Wait for as many seconds as `Retry-After` says.", f"{told}, which had Retry-After: {answer.retry_after}."
        )
