"""The Python programs in the READMEs run word by word, and the mirror program keeps its promise."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx

from tests.documents.mirror import Mirror, mirror_program, mirrored_through_kills
from tests.documents.readme_text import PYTHON_CLIENT, README, at, python_examples
from tests.support.installed_client import client_environment
from tests.support.publishers import counted, publish_now
from tests.support.server_process import ServerProcess
from tests.support.subscribers import PATIENCE_SECONDS, poll

EXAMPLES = python_examples(PYTHON_CLIENT)
SHORT_EXAMPLES = python_examples(README)


def example(word: str) -> str:
    (found,) = (each for each in EXAMPLES if word in each)
    return found


def run(program: str, folder: Path) -> list[str]:
    """Run a program that can import the client but nothing of the server; return the lines that it prints."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env=client_environment(),
        timeout=PATIENCE_SECONDS,
    )
    return ran.stdout.splitlines()


def test_program_that_publishes_and_reads_ends_with_the_event(server: ServerProcess, tmp_path: Path) -> None:
    stored, read = run(at(server.url, example("orders.publish(")), tmp_path)
    assert read == f"{stored.removeprefix('stored as ')} order.cancelled or_12345"


def test_program_of_the_readme_prints_the_event_that_it_published(server: ServerProcess, tmp_path: Path) -> None:
    (program,) = SHORT_EXAMPLES
    (line,) = run(at(server.url, program), tmp_path)
    assert line.endswith(" order.shipped or_7")


def test_program_for_asyncio_prints_every_event(server: ServerProcess, tmp_path: Path) -> None:
    publish_now(server.events_url, counted(0, 2))
    command = [sys.executable, "-u", "-W", "error", "-c", at(server.url, example("asyncio.run("))]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=client_environment()
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith("p0-000001"):
                break
        process.kill()
    assert lines[-2:] == ["p0-000000 is cancelled: no reason given", "p0-000001 is on its way"]


def test_mirror_has_twenty_lines() -> None:
    assert len(mirror_program("http://127.0.0.1:1").splitlines()) <= 20


def test_programs_pass_the_type_checker(tmp_path: Path) -> None:
    for number, program in enumerate((*EXAMPLES, *SHORT_EXAMPLES)):
        (tmp_path / f"example_{number}.py").write_text(program)
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", str(tmp_path / "cache"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**client_environment(), "MYPYPATH": client_environment()["PYTHONPATH"]},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout


def test_address_of_the_wheel_is_the_one_that_a_server_has(server: ServerProcess) -> None:
    (address,) = re.findall(r"pip install (http://\S+)", PYTHON_CLIENT)
    newest = httpx.get(f"{server.url}/client.whl", follow_redirects=True, timeout=PATIENCE_SECONDS)
    assert str(newest.url) == at(server.url, address)
    assert (newest.status_code, newest.headers["content-type"]) == (200, "application/zip")


async def test_mirror_that_is_started_again_goes_on(server: ServerProcess, tmp_path: Path) -> None:
    with Mirror(server.url, tmp_path) as mirror:
        publish_now(server.events_url, counted(1, 5))
        await poll(lambda: mirror.has(counted(1, 5)[-1]), "the mirror")
        mirror.kill()
        publish_now(server.events_url, counted(1, 5, first=5))
        mirror.start()
        await poll(lambda: mirror.has(counted(1, 5, first=5)[-1]), "the mirror")


async def test_mirror_holds_every_event_once_whichever_side_is_killed(tmp_path: Path) -> None:
    report = await mirrored_through_kills(tmp_path, rounds=4, seed=71)
    assert (report.server_kills, report.mirror_kills) == (2, 3)
    assert report.events > 500
