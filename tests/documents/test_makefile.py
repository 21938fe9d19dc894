"""`make` makes the virtual environment anew only for another version of Python, and installs with uv, or with pip if uv cannot."""

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


LOCKS = ("", "-docs", "-grpc", "-otel", "-nats", "-dev")
PREREQUISITES = (*(f"requirements{each}.lock" for each in LOCKS), "pyproject.toml", "openapi/orders-events.yaml")


@pytest.fixture
def clone(folder: Path) -> Path:
    """A folder in which everything is ready to be installed, by a pip that notes what it is asked to install."""
    for name in PREREQUISITES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    script(folder / ".venv" / "bin" / "pip", 'case "$*" in config*) exit 1;; esac; echo "$*" >>pip.log')
    return folder


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def install(clone: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `make` to have what a server needs. A program uv in the folder `path` is found first."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "MAKE", "MFLAGS", "PIP_", "UV_", "SSL_"))
    }
    environment = {**inherited, "PATH": f"{clone / 'path'}:{inherited['PATH']}", **variables}
    return subprocess.run(
        ["make", ".venv/run.stamp"], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def test_uv_installs_the_locks_with_what_pip_was_to_use(clone: Path) -> None:
    script(
        clone / "path" / "uv", 'echo "$*" >>uv.log; echo "$UV_DEFAULT_INDEX $UV_FIND_LINKS $SSL_CERT_FILE" >>env.log'
    )
    ran = install(clone, PIP_INDEX_URL="https://index.example/simple", PIP_FIND_LINKS="/a /b", PIP_CERT="/ca.pem")
    assert ran.returncode == 0, ran.stderr
    assert lines(clone / "pip.log") == []
    installed = lines(clone / "uv.log")
    assert [each.rpartition(" ")[2] for each in installed] == [
        "requirements.lock",
        ".",
        *(f"requirements-{each}.lock" for each in ("docs", "grpc", "otel", "nats")),
    ]
    assert all("--require-hashes" in each for each in installed if each.endswith(".lock"))
    assert set(lines(clone / "env.log")) == {"https://index.example/simple /a,/b /ca.pem"}
    assert ran.stdout.splitlines()[0] == "Installing what the server needs."


def test_uv_takes_the_index_of_pips_configuration(clone: Path) -> None:
    script(clone / ".venv" / "bin" / "pip", "echo https://configured.example/simple")
    script(clone / "path" / "uv", 'echo "$UV_DEFAULT_INDEX" >>env.log')
    assert install(clone).returncode == 0
    assert set(lines(clone / "env.log")) == {"https://configured.example/simple"}


def test_pip_installs_if_uv_cannot_and_says_so_in_one_line(clone: Path) -> None:
    script(clone / "path" / "uv", "echo 'no such index' >&2; exit 2")
    ran = install(clone)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[:2] == [
        "Installing what the server needs.",
        "uv cannot do that (no such index): pip does, which takes longer.",
    ]
    assert len(lines(clone / "pip.log")) == 6
    assert (clone / ".venv" / "run.stamp").exists()


def test_a_lock_that_cannot_be_installed_stops_unless_it_is_optional(clone: Path) -> None:
    script(clone / "path" / "uv", "exit 2")
    script(clone / ".venv" / "bin" / "pip", 'case "$*" in *-grpc.lock) exit 1;; esac')
    ran = install(clone)
    assert ran.returncode == 0, ran.stderr
    assert "It is optional: only --grpc-port needs it." in ran.stdout
    (clone / ".venv" / "run.stamp").unlink()
    script(clone / ".venv" / "bin" / "pip", 'case "$*" in *requirements.lock) exit 1;; esac')
    assert install(clone).returncode != 0
    assert not (clone / ".venv" / "run.stamp").exists()
