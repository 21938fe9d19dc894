"""Whether a consumer came, came back, stayed away where it had to, and kept to one connection."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from app.rehearse.judge.fault import Fault
from app.rehearse.observed.observations import Asked, Form, Phase
from app.rehearse.observed.seen import Seen
from app.rehearse.observed.watch import LEAVING_SECONDS, Patience
from app.rehearse.scenario import Ending, Refusal, Scenario, Stream

_MOST_VAIN_READS: Final = 10
_LEAST_PAUSE_SECONDS: Final = 0.05
_ENDINGS: Final = {
    Ending.CUT: "the connection was cut",
    Ending.CUT_IN_EVENT: "the connection was cut in the middle of an event",
    Ending.CUT_IN_CHARACTER: "the connection was cut in the middle of a character",
    Ending.CUT_IN_LINE_END: "the connection was cut between CR and LF",
    Ending.RESET: "the connection was reset",
    Ending.SILENCE: "the connection fell silent",
    Ending.HOLD: "a stream that was not ended",
}


def judge_presence(
    seen: Seen, scenario: Scenario, url_variable: str, patience: Patience, slack_seconds: float
) -> Iterator[Fault]:
    """Yield the faults of a consumer that is not there when it has to be, or is there when it must not be.

    `slack_seconds`: how much later everything may be, because the machine is busy.
    """
    if seen.is_endless:
        yield Fault("Read a stream to its end, and wait before you ask again.", f"It asked {len(seen.asked)} times.")
    match seen.phase:
        case Phase.STARTING if seen.other_transport:
            yield Fault(
                "Read events over HTTP under rehearsal, as a stream or as pages: no other transport is rehearsed.",
                f"It came by {seen.other_transport}.",
            )
        case Phase.STARTING:
            yield Fault(f"Ask for the stream at ${url_variable}/events/orders.", f"It did not ask{_exit(seen)}.")
        case _ if _ended_early(seen):
            yield Fault(
                "Go on reading as long as the stream is open.", f"It ended while the stream was open{_exit(seen)}."
            )
        case Phase.PLAYING if not seen.is_endless:
            yield Fault("Read what is sent.", f"It did not read on{_exit(seen)}.")
        case Phase.RETURNING if not (seen.is_endless or _may_have_stopped(seen, scenario)):
            yield _stays_away_for_good(seen, patience)
    yield from _stays_away(seen, scenario)
    yield from _pauses(seen)
    if any(each.beside_seconds(seen.now) >= LEAVING_SECONDS + slack_seconds for each in seen.asked):
        yield Fault(
            "Close a connection before you open the next one.",
            "It had two streams open at the same time for half a second and longer.",
        )


def after(asked: Asked) -> str:
    """Return words for how an answer ended."""
    match asked.answer:
        case Stream(end=Ending.CLOSING, reason=reason):
            return f"stream.closing with the reason {reason}"
        case Stream(end=end):
            return _ENDINGS[end]
        case Refusal(status=status, media_type="text/html"):
            return f"an answer {status} that is a page of a proxy"
        case Refusal(status=status):
            return f"an answer {status}"


def _stays_away_for_good(seen: Seen, patience: Patience) -> Fault:
    """Return the fault of a consumer that has not come back. If it reports, it may still apply what it was sent: nobody knows."""
    pending = seen.not_applied()
    told = f"It did not come back after {after(seen.asked[-1])}{_exit(seen)}"
    if seen.exit_code is not None or not (seen.reported and pending):
        return Fault("Come back.", f"{told}.")
    expected = len(seen.events_to_apply())
    return Fault(
        "Apply each event, and then come back.",
        f"It had applied {expected - len(pending)} of {expected} events when it reported no more for {patience.apply_seconds:g} s. "
        "If it needs more time for one, say so with --apply-seconds.",
        tuple(each.id for each in pending[:1]),
    )


def _ended_early(seen: Seen) -> bool:
    """Return whether the program has ended although the server had not ended its stream."""
    last = seen.asked[-1]
    is_silent = isinstance(last.answer, Stream) and last.answer.end is Ending.SILENCE
    return seen.exit_code is not None and last.form is Form.FOLLOWED and not (last.ended_by_server or is_silent)


def _stays_away(seen: Seen, scenario: Scenario) -> Iterator[Fault]:
    """Yield a fault if the consumer has come back after the last answer although it had to stop."""
    last = scenario.answers[-1]
    given = [each for each in seen.asked if each.answer is last and not (each.limited or each.explains)]
    if not scenario.stops or not given or _ends_by_itself(given[0]):
        return
    allowed = last.most_requests if isinstance(last, Refusal) else 0
    if len(given) - 1 > (allowed or 0):
        span = given[-1].at - given[0].at
        yield Fault(
            scenario.promise, f"It came back {len(given) - 1} times within {span:.1f} s after {after(given[0])}."
        )


def _pauses(seen: Seen) -> Iterator[Fault]:
    """Yield a fault if the consumer has asked for what is new again and again, without a pause."""
    vain = [each.at for each in seen.beside if not each.delivered]
    span = vain[-1] - vain[0] if vain else 0.0
    if len(vain) > _MOST_VAIN_READS and span < len(vain) * _LEAST_PAUSE_SECONDS:
        told = f"It asked {len(vain)} times within {span:.1f} s and got nothing."
        yield Fault("Pause before you ask again for what is new, or let a page `wait` for it.", told)


def _may_have_stopped(seen: Seen, scenario: Scenario) -> bool:
    """Return whether a consumer that has ended was free to: it had all that it asked for, or the scenario allows it."""
    return seen.exit_code is not None and (scenario.may_stop or (seen.exit_code == 0 and seen.asked[-1].limited))


def _ends_by_itself(asked: Asked) -> bool:
    """Return whether this is an end that any read of what is stored has, after which a consumer may read on later."""
    if isinstance(asked.answer, Refusal):
        return asked.form is not Form.FOLLOWED and asked.answer.status == HTTPStatus.NO_CONTENT
    return asked.form is not Form.FOLLOWED or (asked.has_limit and asked.answer.reason == "limit")


def _exit(seen: Seen) -> str:
    return "" if seen.exit_code is None else f": it ended with exit code {seen.exit_code}"
