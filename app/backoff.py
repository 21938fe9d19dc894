"""How long to wait before trying again."""

from __future__ import annotations

import random


def backoff_seconds(failures: int, first: float, longest: float) -> float:
    """Double the wait with every failure before this one, up to `longest`; the jitter parts those who failed together."""
    return min(longest, first * 2.0 ** min(failures, 30)) * random.uniform(0.5, 1.0)
