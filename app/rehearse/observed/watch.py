"""When a scenario is over: enough was seen, or what has to come has not come although the consumer does nothing else any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.rehearse.observed.observations import Phase
from app.rehearse.observed.seen import Seen
from app.rehearse.scenario import Ending, Refusal, Scenario

LEAVING_SECONDS: Final = 0.5
"""How long a consumer may take to close its old connection after it has opened a new one."""

_RETURN_SECONDS: Final = 10.0
_MOST_APPLY_SECONDS: Final = 120.0  # of all events, for a consumer that does not report what it applies
_REPORTED_HOLD_SECONDS: Final = 0.6  # a second connection is noticed in this time
_HOLD_SECONDS: Final = 1.0
_QUIET_SECONDS: Final = 2.0  # if it came back after a stream sooner than a tenth of this
_QUIET_WAITS: Final = 10  # times the longest time after which it came back before
_LONGEST_QUIET_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a consumer may take, in seconds: to begin, to give up a silent connection, and to apply an event."""

    start_seconds: float = 30.0
    silence_seconds: float = 45.0
    apply_seconds: float = 10.0


class Watch:
    """The course of one scenario as it goes on.

    `slack_seconds`: returns how much later everything may be, because the machine is busy. `reports`: whether it is known that the
    consumer reports what it applies.
    """

    def __init__(
        self, seen: Seen, scenario: Scenario, patience: Patience, slack_seconds: Callable[[], float], *, reports: bool
    ) -> None:
        self._seen = seen
        self._scenario = scenario
        self._patience = patience
        self._slack_seconds = slack_seconds
        self._reports = reports
        self._progress = seen.progress
        self._since = time.monotonic()
        self._stopped_at: float | None = None

    def is_over(self) -> bool:
        """Return whether nothing more is to be waited for. Call this again and again."""
        now = time.monotonic()
        if self._progress != self._seen.progress:
            self._progress, self._since = self._seen.progress, now
        idle_seconds = now - self._since
        match self._seen.phase:
            case Phase.STARTING | Phase.PLAYING:
                return idle_seconds >= self._patience.start_seconds
            case Phase.RETURNING:
                return idle_seconds >= self._return_seconds()
            case Phase.HOLDING:
                return self._is_settled(idle_seconds, self._hold_seconds(), idle_seconds)
            case Phase.STOPPED:
                self._stopped_at = now if self._stopped_at is None else self._stopped_at
                return self._is_settled(now - self._stopped_at, self._quiet_seconds(), idle_seconds)

    @property
    def _is_reporter(self) -> bool:
        return self._reports or bool(self._seen.reported)

    def _is_settled(self, watched_seconds: float, least_seconds: float, idle_seconds: float) -> bool:
        """Return whether it was watched for long enough, and neither reports nor the end of an old connection can still come."""
        if watched_seconds < least_seconds or self._is_leaving():
            return False
        if not self._is_reporter or self._seen.is_all_reported():
            return True
        return idle_seconds >= self._patience.apply_seconds + self._slack_seconds()

    def _is_leaving(self) -> bool:
        """Return whether the consumer may still close an old connection in time."""
        now, most_seconds = time.monotonic(), LEAVING_SECONDS + self._slack_seconds()
        return any(each.is_beside and each.beside_seconds(now) < most_seconds for each in self._seen.asked)

    def _return_seconds(self) -> float:
        last = self._seen.asked[-1].answer
        seconds = _RETURN_SECONDS + self._scenario.slow_seconds + self._slack_seconds()
        if isinstance(last, Refusal):
            return seconds + (last.retry_after or 0)
        if last.end is Ending.SILENCE:
            seconds += self._patience.silence_seconds
        return seconds + self._apply_seconds()

    def _apply_seconds(self) -> float:
        """Return how long the consumer may still apply what it was sent. If it reports each event, the time begins anew with each."""
        pending = sum(each.known and not self._seen.has_applied(each.id) for each in self._seen.asked[-1].delivered)
        if self._is_reporter:
            return self._patience.apply_seconds if pending else 0.0
        return min(pending * self._patience.apply_seconds, _MOST_APPLY_SECONDS)

    def _hold_seconds(self) -> float:
        is_complete = bool(self._seen.reported) and self._seen.is_all_reported()
        return _REPORTED_HOLD_SECONDS if is_complete else _HOLD_SECONDS

    def _quiet_seconds(self) -> float:
        """Return for how long a consumer must not come back: longer if it has waited for long before, as it may do again."""
        last = self._seen.asked[-1].answer
        least = last.seconds if isinstance(last, Refusal) else _QUIET_SECONDS
        waits = _QUIET_WAITS * self._seen.longest_wait_seconds
        return max(least, min(waits, _LONGEST_QUIET_SECONDS))
