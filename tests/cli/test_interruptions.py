"""A command that cannot print or is interrupted ends with one line or none, never with a traceback."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import PATIENCE_SECONDS

PROGRAM = f"{shlex.quote(sys.executable)} -m app"

INTERRUPTED_IMPORT = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
"""


def shell(command: str) -> tuple[int, list[str]]:
    """Run a line of a shell, and return its exit code and the lines on standard error."""
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    return ran.returncode, ran.stderr.splitlines()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
@pytest.mark.parametrize(
    "arguments", ["--help", "", "serve --help", "--version", "completion bash", "types", "contracts"]
)
def test_full_disk_is_one_line(arguments: str) -> None:
    output = ">/dev/full" if arguments else "2>/dev/full"  # without a command, the help goes to standard error
    code, errors = shell(f"{PROGRAM} {arguments} {output}")
    assert (code, errors) == ((1, ["orders-events: No space left on device."]) if arguments else (2, []))


def test_reader_that_goes_away_causes_no_message() -> None:
    assert shell(f"set -o pipefail; {PROGRAM} types | true") in [(1, []), (0, [])]


def test_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, errors = shell(f"{PROGRAM} docs {tmp_path}/file/below")
    assert (code, errors) == (1, [f"orders-events: Not a directory: {tmp_path}/file/below/assets."])


@pytest.mark.parametrize("module", ["app.cli", "click", "httpx", "app.cli.tail_command"])
def test_interrupt_while_the_program_is_loaded_is_silent(module: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTED_IMPORT.format(module=module))
    ran = subprocess.run(
        [sys.executable, "-m", "app", "tail", "--help"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr.strip()) in [(-signal.SIGINT, "", ""), (130, "", "")]


def test_interrupt_that_the_parent_ignores_is_ignored() -> None:
    code, errors = shell(f"trap '' INT; {PROGRAM} --version >/dev/null & kill -INT $!; wait $!")
    assert (code, errors) == (0, [])
