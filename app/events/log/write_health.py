"""How the writes of a store go: what it counts, and how much of the disk it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from app.events.histogram import Histogram


@dataclass(slots=True)
class WriteHealth:
    """The writes of one store since it was opened. The thread that writes changes it; other threads read it.

    `commit_seconds`: how long each transaction took until it was on disk. `failures`: the number of transactions that failed.
    `is_failing`: whether no transaction has succeeded since the last one failed.
    """

    commit_seconds: Histogram = field(default_factory=Histogram)
    failures: int = 0
    is_failing: bool = False


class DiskUse(NamedTuple):
    """The bytes that the files of a log take, and the bytes that are free on their disk."""

    used_bytes: int
    free_bytes: int
