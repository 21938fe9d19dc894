"""Started with standard streams that are closed, full, or read by nobody, a command does its work and ends with its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.ports import own_port
from tests.transports.http.orders import EVENTS, eventually, publish, read_page, shipped
from tests.transports.http.wire import PATIENCE_SECONDS, Wire

REDIRECTIONS = {
    "as they are": "",
    "no input": "<&-",
    "no output": ">&-",
    "no error": "2>&-",
    "none at all": "<&- >&- 2>&-",
    "full output": ">/dev/full",
    "full error": "2>/dev/full",
    "both full": ">/dev/full 2>/dev/full",
    "output that cannot be written": "1</dev/null",
    "readers that are gone": "> >(true) 2> >(true)",
}
NONSENSE = b"nonsense\r\n\r\n"  # the server warns of it in its log


def command(*arguments: str, redirections: str = "") -> list[str]:
    program = " ".join([sys.executable, "-m", "app", *arguments])
    return ["bash", "-c", f"exec {program} {redirections}"]


@contextmanager
def started(
    redirections: str, store: Path, pipe: int | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """Run a server whose output cannot be read, so its port is chosen here."""
    port = own_port()
    arguments = ("serve", "--port", str(port), "--store", f"sqlite:{store}")
    output = subprocess.DEVNULL if pipe is None else pipe
    with (
        subprocess.Popen(command(*arguments, redirections=redirections), stdout=output, stderr=output) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS) as http,
    ):
        try:
            assert eventually(lambda: process.poll() is not None or is_live(http))
            yield process, http
        finally:
            process.kill()


def is_live(http: httpx.Client) -> bool:
    try:
        return http.get("/health/live").status_code == 200
    except httpx.TransportError:
        return False


def serves_and_ends(process: subprocess.Popen[bytes], http: httpx.Client, warnings: int = 1) -> None:
    with Wire(http.base_url.port or 0) as stream:
        stream.get(EVENTS)
        stream.chunk()
        for _ in range(warnings):
            with Wire(http.base_url.port or 0) as wire:
                wire.send(NONSENSE)
                assert wire.head().status == 400
        (event_id,) = publish(http, shipped())
        assert f"id: {event_id}\n".encode() in stream.chunk()
        assert [event["id"] for event in read_page(http, from_="earliest")["events"]] == [event_id]
        process.send_signal(signal.SIGTERM)
        assert b"stream.closing" in stream.chunks()
    assert process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.parametrize("name", REDIRECTIONS)
def test_server_serves_and_ends_with_its_exit_code(name: str, tmp_path: Path) -> None:
    with started(REDIRECTIONS[name], tmp_path / "log.db") as (process, http):
        serves_and_ends(process, http)


def test_server_whose_output_nobody_reads_serves_and_ends(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    while takes_more(writer):
        pass
    os.set_blocking(writer, True)
    with started("", tmp_path / "log.db", pipe=writer) as (process, http):
        serves_and_ends(process, http, warnings=3)
    os.close(reader)
    os.close(writer)


def takes_more(writer: int) -> bool:
    try:
        return os.write(writer, b"x" * 65536) > 0
    except BlockingIOError:
        return False


@pytest.mark.parametrize("name", REDIRECTIONS)
def test_exit_code_of_a_wrong_setting_is_2(name: str) -> None:
    ended = subprocess.run(
        command("serve", "--port", "x", redirections=REDIRECTIONS[name]), capture_output=True, check=False
    )
    assert ended.returncode == 2
