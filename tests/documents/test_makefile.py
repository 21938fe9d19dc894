"""`make` with another PYTHON: the virtual environment is made anew if, and only if, the version is another one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the Makefile and an environment of Python 3.11.7."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    python(tmp_path / ".venv" / "bin" / "python", "3.11.7")
    (tmp_path / ".venv" / "python.stamp").touch()
    return tmp_path


def python(path: Path, version: str) -> Path:
    """Write a program that answers every question as a Python of that version answers the question for its version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return path


def commands(folder: Path, *arguments: str) -> str:
    """Return the commands that make would run to have the environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MAKE"))}
    command = ["make", "--dry-run", ".venv/python.stamp", *arguments]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("version", ["3.11.8", "3.13.0"])
def test_another_version_makes_the_environment_anew(folder: Path, version: str) -> None:
    other = python(folder / "other", version)
    assert f"{other} -m venv --clear .venv" in commands(folder, f"PYTHON={other}")


def test_same_version_leaves_the_environment_alone(folder: Path) -> None:
    assert "venv --clear" not in commands(folder, f"PYTHON={python(folder / 'same', '3.11.7')}")


def test_without_a_choice_an_environment_is_left_alone_whatever_its_version(folder: Path) -> None:
    assert "venv --clear" not in commands(folder)


def test_environment_is_made_if_there_is_none(folder: Path) -> None:
    shutil.rmtree(folder / ".venv")
    assert "python3 -m venv --clear .venv" in commands(folder)
