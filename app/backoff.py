"""How long to wait before trying again."""

from __future__ import annotations

import random


def backoff_seconds(failures: int, first: float, longest: float) -> float:
    """Draw a wait between nothing and a bound that doubles with every failure before this one, up to `longest`.

    The whole range is drawn from, because that parts best those who failed together.
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return random.uniform(0.0, min(longest, first * 2.0 ** min(failures, 30)))
