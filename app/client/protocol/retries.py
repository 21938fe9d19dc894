"""Failures that may pass, and how long to wait before each new attempt."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ..errors import Unavailable
from .server_response import ServerResponse, read_problem

TRANSIENT_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})  # the same request may succeed later


class TransientError(Exception):
    """Raised when a request failed in a way that may pass.

    `reason`: a full sentence.
    `retry_after_seconds`: how long the server asks to wait at least before the next attempt.
    """

    def __init__(self, reason: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


def transient_error(response: ServerResponse) -> TransientError:
    """Make the error of a response that has one of the transient statuses."""
    return TransientError(str(read_problem(response)), response.retry_after_seconds)


@dataclass(slots=True)
class Retries:
    """The attempts that failed since the last success.

    `max_seconds`: give up when the next attempt would be later than this after the last success; None: never give up.
    `longest_seconds`: the upper limit of the random part of a wait.
    `report`: called with a sentence at the first failure in a row.
    `clock`: returns the time in seconds.
    """

    max_seconds: float | None
    longest_seconds: float
    report: Callable[[str], None]
    clock: Callable[[], float]
    failures: int = 0
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = self.clock()

    def reset(self) -> None:
        """Note a success: the next failure is the first one again."""
        self.failures = 0
        self._since = self.clock()

    def wait_seconds(self, error: TransientError, first_seconds: float, least_seconds: float = 0.0) -> float:
        """Note a failure, and return how long to wait before the next attempt.

        That is the wait that the server asks for, `least_seconds` at least, and a random time that grows with each failure in a
        row, from `first_seconds` at most. Raises Unavailable if the next attempt would be too late.
        """
        least = max(least_seconds, error.retry_after_seconds)
        wait_seconds = least + backoff_seconds(self.failures, first_seconds, self.longest_seconds)
        self.check(error, wait_seconds)
        if self.failures == 0:
            self.report(f"{error} Trying again{self._how_long()}.")
        self.failures += 1
        return wait_seconds

    def check(self, error: TransientError, wait_seconds: float) -> None:
        """Raise Unavailable if the next attempt, after this wait, would be too late."""
        if self.max_seconds is not None and self.clock() + wait_seconds > self._since + self.max_seconds:
            raise Unavailable(str(error))

    def _how_long(self) -> str:
        return "" if self.max_seconds is None else f" for up to {self.max_seconds:g} seconds"


def backoff_seconds(failures: int, first: float, longest: float) -> float:
    """Draw a random wait between 0 and a limit, which is `first` and doubles with each earlier failure, up to `longest`.

    The whole range is drawn from, because that spreads clients best that failed at the same moment.
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return random.uniform(0.0, min(longest, first * 2.0 ** min(failures, 30)))
