"""What a run finds, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.check.request import Request


class Outcome(StrEnum):
    """What became of one check."""

    HELD = "held"
    VIOLATED = "violated"
    NOT_SEEN = "not-seen"  # nothing came by that would show it
    SKIPPED = "skipped"  # an option says so
    UNCHECKED = "unchecked"  # something else went wrong: no connection, a server about to stop


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation: what is promised, what was seen instead, of which events, and the request that shows it."""

    promised: str
    seen: str
    request: Request
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """One check: its name, the promise in one sentence, and what became of it; `reason` where it neither held nor broke."""

    name: str
    promise: str
    outcome: Outcome
    seconds: float
    reason: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run. `seed` repeats its choices; `events` is how many order events of the log were looked at."""

    url: str
    contract: str
    seed: int
    events: int
    results: Sequence[Result]

    @property
    def outcome(self) -> Outcome:
        """The worst that happened; a promise that was not seen broken counts as held."""
        outcomes = {result.outcome for result in self.results}
        return next((each for each in (Outcome.VIOLATED, Outcome.UNCHECKED) if each in outcomes), Outcome.HELD)


class NotSeen(Exception):
    """Say why nothing came by that would show whether a promise is kept."""


class Deleted(NotSeen):
    """Say that the server has deleted what was to be compared; with a log that is read anew it may be seen."""


class CannotCheck(Exception):
    """Say what went wrong that is no breach of the contract."""


class NoAnswer(CannotCheck):
    """Say what was not answered in time."""


class Violated(Exception):
    """Carry a violation out of the middle of an observation."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.promised)
        self.finding = finding
