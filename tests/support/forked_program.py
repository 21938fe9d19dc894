"""Start `python -m MODULE ...` as a fork of a process that has imported the modules of the server.

To import them takes two thirds of the time of a server's start, and twice as long if coverage is measured. What the modules execute
after the fork is what the command executes, and coverage counts it. gRPC is imported after the fork, because it must not be loaded
before one (https://github.com/grpc/grpc/blob/master/doc/fork_support.md).
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from typing import TextIO
from unittest.mock import patch

import coverage

_IMPORTED_BEFORE = (
    "coverage",
    "app.cli.serve_command",
    "app.main",
    "app.configured_keys",
    "app.specification.openapi.validity.openapi_rules",
)

_context = multiprocessing.get_context("forkserver")


class ForkedProgram:
    """A running program in a process of its own, with the methods of `subprocess.Popen` that tests need.

    `module`: the module to run, as `python -m` does.
    `arguments`: the arguments of the command line.
    `environment`: all environment variables of the program.
    """

    def __init__(self, module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        _start_fork_server()
        output, written = _context.Pipe(duplex=False)
        # A daemon is ended, at the latest, when the process that runs the tests ends.
        self._process = _context.Process(
            target=_run, args=(module, [*arguments], {**environment}, written), name=module, daemon=True
        )
        self._process.start()
        written.close()
        self.stdout: TextIO = os.fdopen(os.dup(output.fileno()), encoding="utf-8")
        output.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return the exit code, or None if the program is still running."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Wait for the end of the program, and return its exit code. Raises subprocess.TimeoutExpired after `timeout` seconds."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _start_fork_server() -> None:
    """Start the process that is forked, without coverage, if it does not run yet. It ends with the process that runs the tests."""
    with patch.dict(os.environ, PYTHONUNBUFFERED="1"):
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
        _context.set_forkserver_preload([*_IMPORTED_BEFORE])
        forkserver.ensure_running()


def _run(module: str, arguments: Sequence[str], environment: Mapping[str, str], output: Connection) -> None:
    """Run the program in the new process."""
    os.environ.clear()
    os.environ.update(environment)
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    output.close()
    measured = coverage.process_startup()
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        if measured is not None:
            measured.stop()
            measured.save()
