"""Transient failures of requests, and how long to wait before each new attempt."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ..errors import Unavailable
from .server_response import ServerResponse, read_problem

TRANSIENT_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})  # the same request may succeed later
# As the `retry` of a server with default settings: whole crowds of clients lose a server at the same moment.
RECONNECT_MS: Final = (2000, 5000)


class TransientError(Exception):
    """Raised when a request failed and the same request may succeed later.

    `reason`: the message, a full sentence.
    `retry_after_seconds`: the shortest wait before the next attempt that the server asks for.
    """

    def __init__(self, reason: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


def transient_error(response: ServerResponse) -> TransientError:
    """Return the error for a response with a transient status code, such as 503: the same request may succeed later."""
    return TransientError(str(read_problem(response)), response.retry_after_seconds)


def reconnect_ms() -> int:
    """Return a random wait before the next connection, for transports on which a stream does not begin with the server's `retry`."""
    return random.randint(*RECONNECT_MS)


@dataclass(slots=True)
class Retries:
    """The failed attempts since the last success, and the waits between them.

    `max_seconds`: no attempt is made later than this time after the last success; None: never give up. Raises ValueError if it is
    negative or not a number.
    `longest_seconds`: the upper limit of the random part of a wait.
    `report`: called with a sentence at the first failure after a success.
    `clock`: returns the current time in seconds.
    """

    max_seconds: float | None
    longest_seconds: float
    report: Callable[[str], None]
    clock: Callable[[], float]
    failures: int = 0
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        if self.max_seconds is not None and not self.max_seconds >= 0:  # nan compares as false
            raise ValueError(
                f"{self.max_seconds!r} is no number of seconds to try again for: it must be 0 or more; None means without a limit."
            )
        self._since = self.clock()

    def reset(self) -> None:
        """Record a success: the count of failures and the time limit begin again."""
        self.failures = 0
        self._since = self.clock()

    def wait_seconds(self, error: TransientError, first_seconds: float, least_seconds: float = 0.0) -> float:
        """Record a failure, and return how many seconds to wait before the next attempt.

        The wait is the sum of two parts: the wait that the server asks for, or `least_seconds` if that is longer; and a random time.
        The upper limit of the random time is `first_seconds` at the first failure, and doubles with each further failure. Raises
        Unavailable if the next attempt would be later than `max_seconds` after the last success.
        """
        least = max(least_seconds, error.retry_after_seconds)
        wait_seconds = least + backoff_seconds(self.failures, first_seconds, self.longest_seconds)
        self.check(error, wait_seconds)
        if self.failures == 0:
            self.report(f"{error} Trying again{self._how_long()}.")
        self.failures += 1
        return wait_seconds

    def check(self, error: TransientError, wait_seconds: float) -> None:
        """Raise Unavailable if an attempt after this wait would be later than `max_seconds` after the last success."""
        if self.max_seconds is not None and self.clock() + wait_seconds > self._since + self.max_seconds:
            raise Unavailable(str(error))

    def _how_long(self) -> str:
        return "" if self.max_seconds is None else f" for up to {self.max_seconds:g} seconds"


def backoff_seconds(failures: int, first: float, longest: float) -> float:
    """Return a random wait in seconds, from 0 to a limit. The limit is `first`, doubled for each earlier failure, at most `longest`.

    The wait may be close to 0, because the whole range spreads clients best that failed at the same moment ("full jitter").
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return random.uniform(0.0, min(longest, first * 2.0 ** min(failures, 30)))
