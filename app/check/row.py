"""One row in the table of checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from app.check import left_out
from app.check.findings import Finding
from app.check.target.target import Target

Judge: TypeAlias = Callable[[Target], Iterator[Finding]]


class Check(NamedTuple):
    """A check of one promise.

    `judge`: the check function, which yields the violations. The first line of its docstring is the promise that it checks.
    `skipped`: a function that returns why the options exclude this check; it returns an empty string if they do not.
    `waits`: whether the check waits for a long time, so that it runs at the same time as the others.
    """

    judge: Judge
    skipped: left_out.Reason = left_out.never
    waits: bool = False

    @property
    def name(self) -> str:
        return self.judge.__name__.replace("_", "-")

    @property
    def promise(self) -> str:
        return (self.judge.__doc__ or "").strip().splitlines()[0]
