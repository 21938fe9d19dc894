"""Trouble that may pass, and how long to go on trying."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ..errors import Unavailable
from ..problem import read_problem
from .server_response import Answer

TRANSIENT_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})  # repeating the request later may succeed


class Trouble(Exception):
    """Why a request got no useful answer that may get one later, and the least time to wait before."""

    def __init__(self, reason: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


def transient(answer: Answer) -> Trouble:
    """Read an answer with one of the transient statuses."""
    return Trouble(str(read_problem(answer)), answer.retry_after_seconds)


@dataclass(slots=True)
class Retries:
    """Tries in a row that failed; up to `max_seconds` after the first of them another one is made (None: always).

    `report` is told when the first of them fails.
    """

    max_seconds: float | None
    longest_seconds: float
    report: Callable[[str], None]
    clock: Callable[[], float]
    failures: int = 0
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = self.clock()

    def renew(self) -> None:
        """Begin anew, because something has succeeded."""
        self.failures = 0
        self._since = self.clock()

    def backoff_seconds(self, trouble: Trouble, first_seconds: float, least_seconds: float = 0.0) -> float:
        """How long to wait after a failure: what the server asks for, and a jittered wait on top. Raises Unavailable."""
        least = max(least_seconds, trouble.retry_after_seconds)
        wait_seconds = least + backoff_seconds(self.failures, first_seconds, self.longest_seconds)
        self.check(trouble, wait_seconds)
        if self.failures == 0:
            self.report(f"{trouble} Trying again{self._how_long()}.")
        self.failures += 1
        return wait_seconds

    def check(self, trouble: Trouble, wait_seconds: float) -> None:
        """Raise Unavailable where a wait would last longer than there is patience."""
        if self.max_seconds is not None and self.clock() + wait_seconds > self._since + self.max_seconds:
            raise Unavailable(str(trouble))

    def _how_long(self) -> str:
        return "" if self.max_seconds is None else f" for up to {self.max_seconds:g} seconds"


def backoff_seconds(failures: int, first: float, longest: float) -> float:
    """Draw a wait between 0 and a bound that doubles with each failure before this one, up to `longest`.

    The whole range is drawn from, because that spreads clients that failed together most.
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return random.uniform(0.0, min(longest, first * 2.0 ** min(failures, 30)))
