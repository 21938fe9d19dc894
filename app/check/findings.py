"""The results of a run of `orders-events check`, and the exceptions that end a single check early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.check.request import Repeatable


class Outcome(StrEnum):
    """How one check of the server ended: whether the promise was kept, or why this is not known."""

    HELD = "held"
    VIOLATED = "violated"
    NOT_SEEN = "not-seen"  # nothing was observed that could show it
    SKIPPED = "skipped"  # an option leaves it out
    UNCHECKED = "unchecked"  # something else went wrong: no connection, or a server that is about to stop


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation of the contract by the server under check.

    `promised`: the promise that is broken.
    `seen`: what the server did instead.
    `request`: the request that shows the violation.
    `ids`: the ids of the affected events.
    """

    promised: str
    seen: str
    request: Repeatable
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one check: the name of the check, the promise in one sentence, and the outcome.

    `reason`: why the promise could not be checked; empty if the promise was kept or broken.
    """

    name: str
    promise: str
    outcome: Outcome
    seconds: float
    reason: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The results of a whole run of `orders-events check`, or of another command that judges by promises.

    `url`: the server that was checked.
    `contract`: the title and version of its contract.
    `seed`: the seed of the random choices, with which a run can be repeated.
    `events`: how many order events of the log were compared. `command`: the name of the command.
    """

    url: str
    contract: str
    seed: int
    events: int
    results: Sequence[Result]
    command: str = "check"

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of all results; the order from worst to best is violated, unchecked, held.

        A check that was skipped, or that observed nothing, counts as held.
        """
        outcomes = {result.outcome for result in self.results}
        return next((each for each in (Outcome.VIOLATED, Outcome.UNCHECKED) if each in outcomes), Outcome.HELD)


class NotSeen(Exception):
    """Raised when nothing was observed that could show whether a promise is kept; the message states the reason."""


class Deleted(NotSeen):
    """Raised when the server has deleted the events with which others were to be compared; to read the log again may help."""


class CannotCheck(Exception):
    """Raised when a check fails for a reason that does not violate the contract, such as a lost connection; see the message."""


class NoAnswer(CannotCheck):
    """Raised when the server does not respond to a request in time."""


class Violated(Exception):
    """Raised when an observation of the server shows a violation of the contract; `finding` describes the violation."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.promised)
        self.finding = finding
