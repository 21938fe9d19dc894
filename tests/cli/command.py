"""Run a command of the program: in this process, which measures coverage, or in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from click.testing import CliRunner

from app.cli import main

PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Ran:
    """The exit code and the output of a command."""

    code: int
    out: str
    errors: list[str]


def run(*arguments: str) -> Ran:
    """Run a command to its end."""
    result = CliRunner().invoke(main, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr.splitlines())


def run_apart(*arguments: str) -> Ran:
    """Run a command to its end, in a process of its own."""
    with started(*arguments) as process:
        out, errors = process.communicate(timeout=PATIENCE_SECONDS)
    return Ran(process.returncode, out, errors.splitlines())


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command in a process of its own, with pipes to and from it; and end it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORDERS_EVENTS_")}
    with subprocess.Popen(
        [sys.executable, "-m", "app", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
