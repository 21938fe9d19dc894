"""Cores: the server and the load driver run on different ones, so that neither takes time from the other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def core(number: int) -> int:
    """Return the number-th core that this process may use, or the last one if there are fewer."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[min(number, len(allowed) - 1)]


@contextmanager
def started_on(number: int) -> Iterator[None]:
    """Run processes that are started in this block on one core, with all their threads."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core(number)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
