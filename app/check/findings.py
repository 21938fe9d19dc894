"""The results of a run as values, and the exceptions that end one check early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.check.request import Request


class Outcome(StrEnum):
    """How one check ended."""

    HELD = "held"
    VIOLATED = "violated"
    NOT_SEEN = "not-seen"  # nothing was observed that could show it
    SKIPPED = "skipped"  # an option leaves it out
    UNCHECKED = "unchecked"  # something else went wrong: no connection, or a server that is about to stop


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation: the promise, what was seen instead, the ids of the events, and the request that shows it."""

    promised: str
    seen: str
    request: Request
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one check: its name, the promise in one sentence, and its outcome.

    `reason` is empty if the promise was held or violated.
    """

    name: str
    promise: str
    outcome: Outcome
    seconds: float
    reason: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run.

    `seed`: repeats the run's random choices.
    `events`: how many order events of the log were compared.
    """

    url: str
    contract: str
    seed: int
    events: int
    results: Sequence[Result]

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of all results; skipped and not seen count as held."""
        outcomes = {result.outcome for result in self.results}
        return next((each for each in (Outcome.VIOLATED, Outcome.UNCHECKED) if each in outcomes), Outcome.HELD)


class NotSeen(Exception):
    """Raised when nothing was observed that could show whether a promise is kept; the message says why."""


class Deleted(NotSeen):
    """Raised when the server has deleted the events to compare with. Reading the log again may help."""


class CannotCheck(Exception):
    """Raised when something goes wrong that does not violate the contract; the message says what."""


class NoAnswer(CannotCheck):
    """Raised when a request is not answered in time."""


class Violated(Exception):
    """Raised when an observation finds a violation; `finding` describes it."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.promised)
        self.finding = finding
