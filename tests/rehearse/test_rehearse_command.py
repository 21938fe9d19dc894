"""`orders-events rehearse` as a shell runs it: what it prints and writes, how it exits, and that it leaves no process behind."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from app.rehearse.consumer_process import consumer_process
from tests.cli.command import run
from tests.rehearse.rehearsing import CONSUMERS, python_consumer
from tests.transports.http.orders import eventually

SCENARIOS = ("--scenario", "cut-in-event", "--scenario", "closing-end")


def test_good_consumer_passes_and_the_report_is_one_line_for_each_scenario() -> None:
    ran = run("rehearse", *SCENARIOS, "--jobs", "2", "--seed", "3", "--", *python_consumer("none"))
    assert ran.code == 0
    assert sorted(line[:14] for line in ran.out.splitlines() if line.startswith("✓")) == [
        "✓ closing-end ",
        "✓ cut-in-event",
    ]
    assert "2 scenarios passed, 0 failed; --seed 3 repeats them." in ran.out


def test_finding_says_what_to_do_and_how_to_see_it_again(tmp_path: Path) -> None:
    command = python_consumer("drops-id")
    ran = run("rehearse", *SCENARIOS[:2], "--seed", "3", "--output", str(tmp_path / "report"), "--", *command)
    assert ran.code == 1
    assert "promised  Send the id of the last event as Last-Event-ID, after every end of a stream." in ran.out
    assert f"try       orders-events rehearse --scenario cut-in-event --seed 3 -- {command[0]}" in ran.out
    assert (tmp_path / "report").read_text().strip() == ran.out.strip()


def test_json_and_junit_are_for_programs() -> None:
    options = (*SCENARIOS, "--jobs", "2", "--format")
    written = json.loads(run("rehearse", *options, "json", "--", *python_consumer("reconnects-after-end")).out)
    assert {each["name"]: each["outcome"] for each in written["checks"]} == {
        "cut-in-event": "held",
        "closing-end": "violated",
    }
    assert written["checks"][1]["violations"][0]["promised"].startswith("Stop at stream.closing")
    root = ET.fromstring(run("rehearse", *options, "junit", "--", *python_consumer("none")).out)  # noqa: S314  # we wrote it
    (suite,) = root
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("orders-events rehearse", "2", "0")


def test_consumer_that_reports_in_a_file_is_judged_by_it(tmp_path: Path) -> None:
    program = (
        "import sys, urllib.request, os\n"
        "for line in urllib.request.urlopen(os.environ['ORDERS_EVENTS_URL'] + '/events/orders'):\n"
        "    if line.startswith(b'id: ') and not line.endswith(b'-0\\n'):\n"
        "        open(sys.argv[1], 'a').write('{\"id\": \"%s\"}\\n' % line[4:].strip().decode())\n"
    )
    report = tmp_path / "applied.ndjson"
    command = (sys.executable, "-S", "-c", program, str(report))
    ran = run("rehearse", "--scenario", "closing-end", "--applied", str(report), "--", *command)
    assert (ran.code, "Nothing was reported" in ran.out) == (0, False)
    ran = run("rehearse", "--scenario", "closing-end", "--applied", str(report), "--", *command[:-1], os.devnull)
    assert (ran.code, "It never applied 3 events of 3." in ran.out) == (1, True)


def test_consumer_that_does_not_come_is_shown_with_what_it_printed() -> None:
    ran = run("rehearse", "--scenario", "live", "--", "/bin/sh", "-c", "echo no such host; exit 3")
    assert ran.code == 1
    assert "It did not ask: it ended with exit code 3." in ran.out
    assert "│ no such host" in ran.out
    assert "Nothing was reported, so what the consumer applied was not judged" in ran.out


@pytest.mark.parametrize(
    ("transport", "request_head"),
    [
        ("WebSocket", "GET /events/orders/socket HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
        ("HTTP/2, as gRPC does", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ],
)
def test_consumer_of_another_transport_is_told_what_is_rehearsed(transport: str, request_head: str) -> None:
    program = (
        "import os, socket, sys\n"
        "host, port = os.environ['ORDERS_EVENTS_URL'].removeprefix('http://').split(':')\n"
        "with socket.create_connection((host, int(port))) as connection:\n"
        "    connection.sendall(sys.argv[1].encode())\n"
        "    connection.recv(65_536)\n"
    )
    ran = run("rehearse", "--scenario", "live", "--", sys.executable, "-S", "-c", program, request_head)
    assert (ran.code, f"It came by {transport}." in ran.out) == (1, True)
    assert "no other transport is rehearsed" in ran.out


def test_what_a_consumer_prints_is_bounded_and_does_not_steer_the_terminal() -> None:
    script = "printf '\\033]0;title\\007\\n'; head -c 100000000 /dev/zero | tr '\\0' x"
    ran = run("rehearse", "--scenario", "live", "--", "/bin/sh", "-c", script)
    assert (ran.code, len(ran.out) < 2000) == (1, True)
    ran = run("rehearse", "--scenario", "live", "--", "/bin/sh", "-c", script.partition("; head")[0])
    assert "│ \N{REPLACEMENT CHARACTER}]0;title" in ran.out
    assert "\033]" not in ran.out


def test_scenarios_are_listed_with_what_a_consumer_has_to_do() -> None:
    listed = dict(line.split(maxsplit=1) for line in run("rehearse", "--list").out.splitlines())
    assert set(listed) >= {
        "burst",
        "next-major",
        "closing-max-age",
        "gap-ahead",
    }  # the last two follow from the contract
    assert listed["closing-end"] == "Stop at stream.closing with the reason end: you have everything."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scenario", "nope", "--", "true"), "There is no scenario 'nope'; --list names all."),
        ((), "The command of the consumer is missing"),
        (("--", "no-such-program"), "'no-such-program' cannot be started: No such file or directory."),
        (("--applied", "applied", "--jobs", "2", "--", "true"), "--applied is one file for one process"),
    ],
)
def test_wrong_usage_is_one_line(arguments: tuple[str, ...], message: str) -> None:
    ran = run("rehearse", *arguments)
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert message in ran.errors[0]


async def test_everything_that_the_consumer_has_started_is_ended(tmp_path: Path) -> None:
    script = f"trap '' TERM; sleep 600 & echo $! > {tmp_path}/pid; wait"
    async with consumer_process(["/bin/sh", "-c", script], {}):
        assert eventually((tmp_path / "pid").exists)
        assert eventually(lambda: (tmp_path / "pid").read_text().endswith("\n"))
    pid = int((tmp_path / "pid").read_text())

    def is_gone() -> bool:
        status = Path(f"/proc/{pid}/status")
        return not status.exists() or "zombie" in status.read_text()

    assert eventually(is_gone)


def test_the_consumers_of_these_tests_are_what_their_names_say() -> None:
    for program in CONSUMERS.iterdir():
        assert "`none` is a good one" in program.read_text()
