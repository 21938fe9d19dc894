"""Packages of Node that judge what we make; without npm such a test is skipped, or fails in CI."""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import needed

HERE = Path(__file__).parent


def node_package(name: str) -> Path:
    """Return the folder of a package that package.json here names; install them all where it is missing."""
    folder = HERE / "node_modules" / name
    with alone(HERE):
        if not folder.is_dir():
            _install()
    return folder


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Install into a folder alone: tests run side by side, and npm would tear down what another one has just installed."""
    with (folder / "package.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _install() -> None:
    npm = needed("npm")
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    installed = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stderr
