"""`orders-events check` as continuous integration runs it: what it prints, what it writes, how it exits."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from app.check.table import CHECKS
from app.cli import Program
from app.cli.contracts.check_command import check
from app.program_version import VERSION
from tests.check.broken_server import BrokenServer, Fault, serving
from tests.check.refusal_faults import PLANTED_IN_REFUSALS
from tests.support.server_process import ServerProcess

QUICK = ("--quick", "--heartbeat-seconds", "0.3")


class Ran(NamedTuple):
    code: int
    out: str
    errors: str


def run(*arguments: str) -> Ran:
    result = CliRunner().invoke(Program("orders-events", commands=[check]), ["check", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def parsed(xml: str) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314  # we wrote it


@pytest.fixture(scope="module")
def broken() -> Iterator[tuple[BrokenServer, str]]:
    with ServerProcess("--store", "memory:", "--source", "none") as good:
        application = BrokenServer(good.url)
        with serving(application) as url:
            yield application, url


@pytest.fixture
def good_url(broken: tuple[BrokenServer, str]) -> str:
    application, url = broken
    application.fault = Fault()
    return url


@pytest.fixture
def bad_url(broken: tuple[BrokenServer, str]) -> str:
    """The URL of a server that sends 404 as HTML."""
    application, url = broken
    application.fault = PLANTED_IN_REFUSALS["a 404 is a page of HTML"].fault()
    return url


def test_a_good_server_is_reported_line_by_line_and_exits_with_0(good_url: str) -> None:
    ran = run(good_url, *QUICK)
    *lines, empty, summary = ran.out.splitlines()
    assert ran.code == 0
    assert [line.split()[1] for line in lines] == ["contract", *(each.name for each in CHECKS)]
    assert {line[0] for line in lines} == {"✓", "\N{EN DASH}"}
    assert empty == ""
    assert summary.startswith(f"Orders Events {VERSION}: ")
    assert ran.errors == ""


def test_list_has_every_check_with_its_promise() -> None:
    ran = run("--list")
    assert ran.code == 0
    assert [line.split(maxsplit=1) for line in ran.out.splitlines()] == [[each.name, each.promise] for each in CHECKS]


def test_a_violation_exits_with_1_and_prints_the_command_that_shows_it(bad_url: str) -> None:
    ran = run(bad_url, *QUICK, "--only", "unknown-path")
    assert ran.code == 1
    assert "✗ unknown-path" in ran.out
    assert f"    try       curl -iN {bad_url}/no-such-path-" in ran.out
    assert "    seen      not application/problem+json: 404 text/html: <h1>Not Found</h1>" in ran.out


def test_further_urls_are_nodes_of_the_same_log(good_url: str) -> None:
    ran = run(good_url, good_url, *QUICK, "--only", "nodes-contract")
    assert ran.code == 0
    assert "✓ nodes-contract" in ran.out


def test_check_exits_with_2_if_there_is_no_server() -> None:
    ran = run("http://127.0.0.1:1", *QUICK)
    assert ran.code == 2
    assert ran.out.startswith(
        "! contract            could not be checked: No answer to GET http://127.0.0.1:1/openapi.json"
    )
    assert "Is a server running there?" in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("ftp://127.0.0.1",),
        ("http://127.0.0.1/?a=b",),
        ("http://127.0.0.1", "--only", "no-such-check"),
        ("http://127.0.0.1", "--max-events", "0"),
        ("http://127.0.0.1", "--timeout-seconds", "0"),
        ("http://127.0.0.1", "--format", "html"),
        ("http://127.0.0.1", "--grpc", "http://127.0.0.1:50051"),
    ],
)
def test_wrong_usage_exits_with_2_and_one_line(arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert len(ran.errors.splitlines()) == 1


def test_json_is_the_only_output(bad_url: str) -> None:
    ran = run(bad_url, *QUICK, "--only", "unknown-path", "--format", "json", "--seed", "7")
    report = json.loads(ran.out)
    assert ran.code == 1
    assert report["url"] == bad_url
    assert report["seed"] == 7
    assert [(each["name"], each["outcome"]) for each in report["checks"]] == [
        ("contract", "held"),
        ("unknown-path", "violated"),
    ]


@pytest.mark.parametrize("written", ["junit", "json", "text"])
def test_a_report_in_a_file_leaves_the_text_on_standard_output(bad_url: str, tmp_path: Path, written: str) -> None:
    file = tmp_path / "report"
    ran = run(bad_url, *QUICK, "--only", "unknown-path", "--format", written, "--output", str(file))
    assert ran.code == 1
    assert "✗ unknown-path" in ran.out
    content = file.read_text("utf-8")
    match written:
        case "junit":
            assert parsed(content)[0].get("failures") == "1"
        case "json":
            assert json.loads(content)["outcome"] == "violated"
        case _:
            assert content == ran.out


def test_junit_is_written_even_if_there_is_no_server(tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    assert run("http://127.0.0.1:1", "--format", "junit", "--output", str(file)).code == 2
    assert parsed(file.read_text("utf-8"))[0].get("errors") == "1"


def test_the_help_names_the_members_of_the_json_and_the_exit_codes(good_url: str) -> None:
    shown = run("--help").out
    report = json.loads(run(good_url, *QUICK, "--only", "head", "--format", "json").out)
    for member in (*report, *report["checks"][0], "promised", "seen", "ids", "curl", "command"):
        assert f'"{member}"' in shown
    assert "Exit codes: 0" in shown


def test_without_the_packages_of_grpc_the_option_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "grpc.py").write_text("raise ModuleNotFoundError('No module named grpc', name='grpc')\n")
    words = ["-m", "app", "check", "http://127.0.0.1:1", "--grpc", "grpc://127.0.0.1:1"]
    ran = subprocess.run(
        [sys.executable, *words], env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith(
        "orders-events: --grpc needs the package grpc, which is not installed: pip install 'orders-events[grpc]'."
    )
