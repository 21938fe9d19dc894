"""A forked program cannot be told from `python -m` by its output, its exit code and its environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests.support.forked_program import ForkedProgram
from tests.support.server_process import ServerProcess

WAIT_SECONDS = 60.0
VARIABLES = {"ORDERS_EVENTS_PORT": "nonsense", "PATH": os.environ["PATH"]}


def ran(arguments: Sequence[str]) -> tuple[str, int]:
    program = ForkedProgram("app", arguments, VARIABLES)
    with program.stdout:
        return program.stdout.read(), program.wait(WAIT_SECONDS)


def ran_by_python(arguments: Sequence[str]) -> tuple[str, int]:
    command = [sys.executable, "-m", "app", *arguments]
    done = subprocess.run(
        command, env=VARIABLES, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout, done.returncode


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["serve"], ["types", "--contract", "/nowhere"]])
def test_output_and_exit_code_are_those_of_python(arguments: list[str]) -> None:
    assert ran(arguments) == ran_by_python(arguments)


def test_error_of_a_program_is_printed_with_its_traceback() -> None:
    program = ForkedProgram("tests.support.no_such_module", [], VARIABLES)
    with program.stdout:
        assert "Traceback" in program.stdout.read()
    assert program.wait(WAIT_SECONDS) == 1


def test_killed_program_has_ended_by_the_signal() -> None:
    with ServerProcess("--store", "memory:") as server:
        server.kill()
        assert server.wait() == -signal.SIGKILL


def test_program_that_goes_on_is_not_waited_for_longer_than_asked() -> None:
    with ServerProcess("--store", "memory:") as server, pytest.raises(subprocess.TimeoutExpired):
        server.wait(0.01)


def test_a_program_finds_the_modules_of_the_server_imported_but_not_grpc() -> None:
    program = ForkedProgram("tests.support.loaded_modules", [], VARIABLES)
    with program.stdout:
        loaded = program.stdout.read().split()
    assert {"app.main", "app.cli.serve_command"} <= {*loaded}
    assert "grpc" not in loaded
