"""A fixture of the torture tests: figures, shown whether a test passes or not."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest


@pytest.fixture
def report(capfd: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Write a line to the terminal."""

    def write(line: str) -> None:
        with capfd.disabled():
            sys.stdout.write(f"\n  {line}\n")

    return write
