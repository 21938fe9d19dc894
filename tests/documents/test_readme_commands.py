"""The commands in the README do what the README says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.documents.readme_text import at, at_grpc, commands, installed
from tests.support.programs import unavailable
from tests.support.publishers import counted, publish_now
from tests.support.server_process import ServerProcess
from tests.support.servers import start_server
from tests.support.subscribers import read_stored

CURL = shutil.which("curl")
READING = [command for command in commands("curl") if " -d " not in command]
PUBLISHING = [command for command in commands("curl") if " -d " in command]
TAILING = [command for command in commands("orders-events tail") if "grpc" not in command]
TAILING_GRPC = [command for command in commands("orders-events tail") if "grpc" in command]


@pytest.fixture(scope="module")
def filled() -> Iterator[ServerProcess]:
    with start_server("memory:") as server:
        publish_now(server.events_url, counted(0, 20))
        yield server


def shown(command: str, url: str, enough: str) -> str:
    """Run a command until its output contains `enough`, or to its end; return the output."""
    text = ""
    environment = {**os.environ, "ORDERS_EVENTS_URL": url}
    with subprocess.Popen(
        ["sh", "-c", f"exec {at(url, command)}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            text += line
            if enough in text:
                break
        process.kill()
    assert enough in text, text
    return text


def test_there_are_examples() -> None:
    assert (len(READING), len(PUBLISHING), len(TAILING)) >= (4, 1, 2)


@pytest.mark.skipif(CURL is None, reason="there is no curl")
@pytest.mark.parametrize("command", READING)
def test_curl_reads(filled: ServerProcess, command: str) -> None:
    if "application/json" in command:
        page = json.loads(shown(command, filled.url, '"lastEventId"'))
        assert len(page["events"]) == 20
    else:
        text = shown(command, filled.url, "\n\n")
        assert text.startswith("retry: ")
        assert "\nid: " in text


@pytest.mark.skipif(CURL is None, reason="there is no curl")
@pytest.mark.parametrize("command", PUBLISHING)
def test_curl_publishes(filled: ServerProcess, command: str) -> None:
    assert shown(command, filled.url, '"duplicate":false').startswith("HTTP/1.1 201")
    assert read_stored(filled.events_url)[-1].json()["orderId"] == "or_12345"


@pytest.mark.parametrize("command", TAILING)
def test_tail_reads(filled: ServerProcess, command: str) -> None:
    first = shown(installed(command), filled.url, "\n")
    assert json.loads(first)["eventType"].startswith("order.")


def test_file_is_published(filled: ServerProcess, tmp_path: Path) -> None:
    (command,) = commands("orders-events publish")
    event = {"eventType": "order.shipped", "data": {"orderId": "or_file", "when": "2024-05-01T10:00:00Z"}}
    (tmp_path / "orders.ndjson").write_text(json.dumps(event))
    environment = {**os.environ, "ORDERS_EVENTS_URL": filled.url}
    subprocess.run(["sh", "-c", installed(command)], check=True, cwd=tmp_path, env=environment, capture_output=True)
    assert read_stored(filled.events_url)[-1].json()["orderId"] == "or_file"


@pytest.fixture
def grpc_address() -> Iterator[str]:
    if find_spec("grpc") is None:
        unavailable("grpcio is not installed.")
    with start_server("memory:", "--grpc-port", "0") as server:
        publish_now(server.events_url, counted(0, 20))
        yield server.grpc_address


def test_tail_reads_over_grpc(grpc_address: str) -> None:
    (command,) = TAILING_GRPC
    first = shown(installed(at_grpc(grpc_address, command)), "", "\n")
    assert json.loads(first)["eventType"].startswith("order.")


def test_buf_reads(grpc_address: str) -> None:
    (command,) = commands("buf curl")
    called = ["sh", "-c", installed(at_grpc(grpc_address, command))]
    text = subprocess.run(called, check=True, capture_output=True, text=True).stdout
    assert text.count('"eventType": "order.') == 20
    assert '"reason": "end"' in text
