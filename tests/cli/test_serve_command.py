"""`serve` starts with the values of its flags and variables, or says in one line why it cannot."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from app.program_version import VERSION
from app.settings import SETTINGS
from tests.cli.command import Ran, run, run_apart
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import eventually


@pytest.fixture(autouse=True)
def without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("ORDERS_EVENTS_"):
            monkeypatch.delenv(name)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_server_prints_its_address_and_stops_with_0_on_sigterm() -> None:
    with ServerProcess("--store", "memory:", "--source", "simulator:0.1") as server:
        assert run("tail", "--url", server.url, "--from", "earliest", "--limit", "1").code == 0
        assert server.terminate() == 0
    banner = "".join(server.output)
    assert f"Orders Events {VERSION} is listening on {server.url}\n" in banner
    assert f"curl -N {server.url}/events/orders\n" in banner
    assert f"python -m app tail --url {server.url} " in banner
    assert "The log is memory:, the source is simulator." in banner


def test_pages_in_the_banner_exist(server: ServerProcess) -> None:
    assert eventually(lambda: "Ctrl-C" in "".join(server.output))
    pages = re.findall(rf"{server.url}/\S*$", "".join(server.output), re.MULTILINE)
    assert f"{server.url}/" in pages
    assert f"{server.url}/docs" in pages
    for page in pages:
        with httpx.stream("GET", page, trust_env=False, timeout=60) as answer:
            assert answer.status_code == 200


def test_interrupt_stops_the_server_quietly() -> None:
    with ServerProcess("--store", "memory:") as server:
        assert run("tail", "--url", server.url, "--no-follow").code == 0
        server.signal(signal.SIGINT)
        assert server.wait() == 0
    assert "Traceback" not in "".join(server.output)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--port", "eighty"], "Invalid value for '--port': 'eighty' is not a whole number of at most 19 digits."),
        (["--port", ""], "Invalid value for '--port': '' is not a whole number of at most 19 digits."),
        (["--port", "65536"], "Invalid value for '--port': 65536 is not in the range 0<=x<=65535."),
        (
            ["--cors-origin", "https://a.example", "--cors-origin", "*"],
            "Invalid value for '--cors-origin': '*' is not an origin as browsers send it",
        ),
        (
            ["--cors-origin", "null"],  # of a page that is opened as a file
            "Invalid value for '--cors-origin': 'null' is not an origin as browsers send it",
        ),
        (["--prot", "80"], "No such option '--prot'"),
        (["now"], "Got unexpected extra argument (now). See"),
    ],
)
def test_wrong_flag_is_one_line_and_exit_code_2(arguments: list[str], line: str) -> None:
    ran = run("serve", *arguments)
    assert (ran.code, ran.out, len(ran.errors)) == (2, "", 1)
    assert ran.errors[0].startswith(f"orders-events: {line}")


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        (
            "ORDERS_EVENTS_SEED",
            "x",
            "Invalid value for 'ORDERS_EVENTS_SEED': 'x' is not a whole number of at most 19 digits.",
        ),
        ("ORDERS_EVENTS_PROT", "80", "ORDERS_EVENTS_PROT is not a setting; did you mean ORDERS_EVENTS_PORT?"),
    ],
)
def test_wrong_variable_is_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, line: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert run("serve") == Ran(2, "", [f"orders-events: {line} See orders-events serve --help."])


def test_port_in_use_is_one_line_and_exit_code_1(taken_port: int) -> None:
    ran = run_apart("serve", "--store", "memory:", "--port", str(taken_port))
    assert (ran.code, ran.out, len(ran.errors)) == (1, "", 1)
    assert f"127.0.0.1:{taken_port}" in ran.errors[0]


def test_store_in_use_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'log.db'}"
    with ServerProcess("--store", store):
        ran = run_apart("serve", "--port", "0", "--store", store)
    assert (ran.code, ran.out, len(ran.errors)) == (1, "", 1)
    assert str(tmp_path / "log.db") in ran.errors[0]


def test_store_that_cannot_be_created_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    ran = run_apart("serve", "--port", "0", "--store", f"sqlite:{tmp_path}/no/such/folder/log.db")
    assert (ran.code, ran.out, len(ran.errors)) == (1, "", 1)


def test_folder_without_a_contract_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    ran = run_apart("serve", "--port", "0", "--store", "memory:", "--contract", str(tmp_path))
    assert (ran.code, ran.out, len(ran.errors)) == (1, "", 1)


def test_recording_with_a_bad_line_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    recording = tmp_path / "orders.ndjson"
    recording.write_text('{"eventType": "order.lost"}')
    ran = run_apart("serve", "--port", "0", "--store", "memory:", "--source", f"replay:{recording}")
    assert (ran.code, ran.out, len(ran.errors)) == (1, "", 1)
    assert ran.errors[0].startswith(f"orders-events: {recording}, line 1: /eventType")


def test_help_has_every_setting_with_its_default() -> None:
    ran = run("serve", "--help")
    text = " ".join(ran.out.split())
    unbroken = text.replace("- ", "-")  # lines are broken after hyphens, too
    assert ran.code == 0
    for setting in SETTINGS.values():
        described = " ".join(filter(None, (setting.flag, setting.metavar, setting.help)))
        assert described.replace("- ", "-") in unbroken
        if setting.default:
            assert f"[default: {setting.default}" in text


def test_help_without_a_command_names_them_all() -> None:
    asked, unasked = run("--help"), run()
    assert (asked.code, unasked.code) == (0, 2)
    for name in ("serve", "publish", "tail"):
        assert f"  {name}  " in asked.out
    assert unasked.errors == asked.out.splitlines()


def test_version_is_that_of_the_package() -> None:
    assert run("--version") == Ran(0, f"orders-events, version {version('orders-events')}\n", [])


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["sevre"], "No such command 'sevre'"),
        (["publish", "no-such-file"], "Invalid value for 'FILE': 'no-such-file': No such file or directory. See"),
        (
            ["publish", "-", "--batch-size", "1001"],
            "Invalid value for '--batch-size': 1001 is not in the range 1<=x<=1000.",
        ),
        (
            ["tail", "--from", "yesterday"],
            "Invalid value for '--from': 'yesterday' is not one of 'earliest', 'latest'.",
        ),
        (["tail", "--limit", "0"], "Invalid value for '--limit': 0 is not in the range x>=1."),
        (
            ["tail", "--url", "ftp://127.0.0.1"],
            "Invalid value for '--url' (env var: 'ORDERS_EVENTS_URL'): 'ftp://127.0.0.1' is not",
        ),
        (["completion"], "Missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish. See"),
        (["tail", "--url", "http://"], "Invalid value for '--url'"),
        (["tail", "--url", "http://127.0.0.1:port"], "Invalid value for '--url'"),
        (["tail", "--url", "http://127.0.0.1/?a=b"], "Invalid value for '--url'"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(arguments: list[str], line: str) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out, len(ran.errors)) == (2, "", 1)
    assert ran.errors[0].startswith(f"orders-events: {line}")


def test_flags_and_variables_reach_the_server(tmp_path: Path) -> None:
    recording = tmp_path / "orders.ndjson"
    event = {"eventType": "order.shipped", "data": {"orderId": "or_1", "when": "2024-05-01T10:00:00Z"}}
    recording.write_text(json.dumps(event))
    with ServerProcess("--store", "memory:", "--source", f"replay:{recording}") as server:
        ran = run("tail", "--url", server.url, "--from", "earliest", "--limit", "1")
    assert json.loads(ran.out)["data"] == event["data"]


def test_url_may_come_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with ServerProcess("--store", "memory:") as server:
        monkeypatch.setenv("ORDERS_EVENTS_URL", server.url + "/")
        assert run("tail", "--no-follow") == Ran(0, "", [])
