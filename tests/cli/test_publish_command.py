"""`publish` stores every good event of a file once and in order, and reports every other by its number."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import httpx
import pytest

from app.cli.publishing.progress import Progress
from tests.cli.command import PATIENCE_SECONDS, Ran, run, started
from tests.cli.scripted_server import Answer, ScriptedServer, problem, stored
from tests.support.ports import own_port, url_without_server
from tests.support.server_process import ServerProcess

PAGE = {"Accept": "application/json"}
MALFORMED = problem(400, "The JSON text is malformed.")
TOO_LARGE = problem(413, "The body is larger than 1000 bytes.")


def shipped(name: str, **members: object) -> dict[str, object]:
    data = {"orderId": name, "when": "2024-05-01T10:00:00-03:00"}
    return {"eventType": "order.shipped", "eventId": f"{name}-shipped", "data": data, **members}


def lines(*events: object) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def named(*names: str) -> bytes:
    return lines(*(shipped(name) for name in names))


def publish(url: str, content: bytes, *options: str) -> Ran:
    with NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return run("publish", file.name, "--url", url, *options)


def read_log(url: str) -> list[dict[str, Any]]:
    """All events of a server's log."""
    events: list[dict[str, Any]] = []
    parameters = {"from": "earliest", "limit": "1000"}
    with httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS, headers=PAGE) as client:
        while True:
            page = client.get(f"{url}/events/orders", params=parameters).raise_for_status().json()
            if not page["events"]:
                return events
            events += page["events"]
            parameters = {"lastEventId": page["lastEventId"], "limit": "1000"}


def wait_for_an_event(url: str) -> None:
    parameters = {"from": "earliest", "limit": "1", "wait": "30"}
    events: list[object] = []
    while not events:  # a page that waits is empty when its time is up
        answer = httpx.get(
            f"{url}/events/orders", params=parameters, headers=PAGE, trust_env=False, timeout=PATIENCE_SECONDS
        )
        events = answer.json()["events"]


def orders(url: str, prefix: str) -> list[str]:
    """The orders in a server's log that one test has published."""
    found = [event["data"]["orderId"] for event in read_log(url)]
    return [order for order in found if order.startswith(prefix)]


def summary(published: int, duplicates: int, refused: int) -> str:
    return f"orders-events: {published} published, {duplicates} duplicates, {refused} refused."


def test_file_is_stored_once_and_in_order_however_often_it_is_published(server: ServerProcess, tmp_path: Path) -> None:
    names = [f"file-{number}" for number in range(1203)]
    file = tmp_path / "orders.ndjson"
    file.write_bytes(named(*names))
    first = run("publish", str(file), "--url", server.url)
    again = run("publish", str(file), "--url", server.url, "--batch-size", "7")
    assert first == Ran(0, "", [summary(1203, 0, 0)])
    assert again == Ran(0, "", [summary(0, 1203, 0)])
    assert orders(server.url, "file-") == names


def test_events_without_event_id_are_stored_once_and_identical_lines_each(server: ServerProcess) -> None:
    event = {"eventType": "order.shipped", "data": {"orderId": "bare-1", "when": "2024-05-01T10:00:00Z"}}
    other = {"eventType": "order.shipped", "data": {"orderId": "bare-2", "when": "2024-05-01T10:00:00Z"}}
    content = lines(event, event, other)
    assert publish(server.url, content).code == 0
    grown = publish(server.url, content + lines(event))
    assert grown == Ran(0, "", [summary(1, 3, 0)])
    assert orders(server.url, "bare-") == ["bare-1", "bare-1", "bare-2", "bare-1"]


def test_refused_lines_are_reported_and_all_others_stored_in_order(server: ServerProcess) -> None:
    bad_type = shipped("refused-x", eventType="order.lost")
    bad_twice = shipped("refused x", more=1)
    content = b"".join(
        [
            named("refused-1", "refused-2"),
            b"{nonsense\n",
            lines(bad_type),
            named("refused-5"),
            b"\n",
            lines(5, bad_twice),
            named("refused-9"),
        ]
    )
    ran = publish(server.url, content, "--batch-size", "4")
    assert ran.code == 1
    assert orders(server.url, "refused-") == ["refused-1", "refused-2", "refused-5", "refused-9"]
    reasons = dict(line.removeprefix("orders-events: ").split(": ", 1) for line in ran.errors[:-1])
    assert list(reasons) == ["line 3", "line 4", "line 7", "line 8"]
    assert "malformed" in reasons["line 3"]
    assert "/eventType" in reasons["line 4"]
    assert "/data/orderId" in reasons["line 8"]
    assert "more" in reasons["line 8"]
    assert ran.errors[-1] == summary(4, 0, 4)


def test_event_id_with_other_content_is_reported_and_the_rest_stored(server: ServerProcess) -> None:
    taken = shipped("taken-2", eventId="taken-1-shipped")
    ran = publish(server.url, lines(shipped("taken-1"), taken, shipped("taken-3"), taken))
    assert orders(server.url, "taken-") == ["taken-1", "taken-3"]
    assert ran == Ran(
        1,
        "",
        [
            "orders-events: line 2: /eventId 'taken-1-shipped' names another event already",
            "orders-events: line 4: /eventId 'taken-1-shipped' names another event already",
            summary(2, 0, 2),
        ],
    )


def test_restart_of_the_server_in_the_middle_loses_and_doubles_nothing(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'log.db'}"
    names = [f"restart-{number}" for number in range(400)]  # what is left to read while it waits must fit into a pipe
    with (
        ServerProcess("--store", store, "--source", "none", port=own_port()) as server,
        started("publish", "-", "--url", server.url, "--batch-size", "10") as publishing,
    ):
        assert publishing.stdin is not None
        assert publishing.stderr is not None
        publishing.stdin.write(named(*names[:200]).decode())
        publishing.stdin.flush()
        wait_for_an_event(server.url)
        server.kill()
        publishing.stdin.write(named(*names[200:]).decode())
        publishing.stdin.close()
        assert "Trying again" in publishing.stderr.readline()
        with ServerProcess("--store", store, "--source", "none", port=server.port) as restarted:
            errors = publishing.stderr.read()
            assert publishing.wait(PATIENCE_SECONDS) == 0, errors
            assert orders(restarted.url, "restart-") == names


def test_batches_are_as_large_as_asked_for() -> None:
    with ScriptedServer(stored(False, False), stored(False, True), stored(True)) as server:
        ran = publish(server.url, named("a", "b", "c", "d", "e"), "--batch-size", "2")
    assert [len(asked.events) for asked in server.asked] == [2, 2, 1]
    assert {(asked.method, asked.path, asked.headers["Content-Type"]) for asked in server.asked} == {
        ("POST", "/events/orders", "application/json")
    }
    assert ran == Ran(0, "", [summary(3, 2, 0)])


def asked_orders(server: ScriptedServer) -> list[list[str]]:
    return [[event["data"]["orderId"] for event in asked.events] for asked in server.asked]


def test_batch_that_is_too_large_is_halved_until_it_fits_or_one_is_left() -> None:
    answers = [TOO_LARGE, TOO_LARGE, stored(False), TOO_LARGE, stored(False, False)]
    with ScriptedServer(*answers) as server:
        ran = publish(server.url, named("a", "b", "c", "d"))
    assert asked_orders(server) == [["a", "b", "c", "d"], ["a", "b"], ["a"], ["b"], ["c", "d"]]
    assert ran == Ran(1, "", ["orders-events: line 2: The body is larger than 1000 bytes.", summary(3, 0, 1)])


def test_bad_event_that_an_answer_does_not_name_is_found() -> None:
    answers = [MALFORMED, stored(False, False), MALFORMED, MALFORMED, stored(False)]
    with ScriptedServer(*answers) as server:
        ran = publish(server.url, named("a", "b", "c", "d"))
    assert asked_orders(server) == [["a", "b", "c", "d"], ["a", "b"], ["c", "d"], ["c"], ["d"]]
    assert ran == Ran(1, "", ["orders-events: line 3: The JSON text is malformed.", summary(3, 0, 1)])


@pytest.mark.parametrize(
    "nameless",
    [
        problem(422, "No.", violations="many"),
        problem(422, "No.", violations=[{"index": 7, "pointer": "", "message": "is bad"}]),
        problem(422, "No.", violations=[{"index": "0"}]),
        problem(409, "No.", index=-1, eventId="x"),
        Answer(409, b"[]"),
        Answer(422, b"<html>"),
    ],
)
def test_refusal_that_names_no_event_of_the_batch_is_taken_apart(nameless: Answer) -> None:
    with ScriptedServer(nameless, stored(False), stored(False)) as server:
        ran = publish(server.url, named("a", "b"))
    assert asked_orders(server) == [["a", "b"], ["a"], ["b"]]
    assert ran == Ran(0, "", [summary(2, 0, 0)])


UNAVAILABLE = problem(503, "The log cannot be written.", headers={"Retry-After": "0"})


@pytest.mark.parametrize("trouble", [UNAVAILABLE, Answer(0), Answer(502), problem(429, "Too many.")])
def test_request_is_sent_again_after_a_failure_that_may_pass(trouble: Answer) -> None:
    with ScriptedServer(trouble, trouble, stored(False, True)) as server:
        ran = publish(server.url, named("a", "b"))
    assert len({asked.body for asked in server.asked}) == 1
    assert len(server.asked) == 3
    assert ran.code == 0
    assert len(ran.errors) == 2
    assert ran.errors[0].endswith("Trying again for up to 60 seconds.")
    assert ran.errors[1] == summary(1, 1, 0)


def test_server_that_asks_to_wait_longer_than_allowed_is_given_up() -> None:
    busy = problem(503, "The log cannot be written.", headers={"Retry-After": "61"})
    with ScriptedServer(stored(False), busy) as server:
        ran = publish(server.url, b"\n" + named("a", "b"), "--batch-size", "1")
    assert len(server.asked) == 2
    stopped = (
        "orders-events: Stopped at line 3: The log cannot be written. Nothing from that line on is known to be stored. "
        "Run the same command again: what is stored already is not stored twice. Is the server running, and is it the one at "
        "--url? --retry-max-time makes this command wait longer."
    )
    assert ran == Ran(1, "", [summary(1, 0, 0), stopped])


def test_retry_after_is_waited_for() -> None:
    busy = problem(503, "The log cannot be written.", headers={"Retry-After": "1"})
    with ScriptedServer(busy, stored(False)) as server:
        began = time.monotonic()
        assert publish(server.url, named("a")).code == 0
    assert time.monotonic() - began >= 1


def test_missing_server_is_given_up_in_time() -> None:
    url = url_without_server()
    ran = publish(url, named("a"), "--retry-max-time", "0")
    assert ran.code == 1
    assert ran.errors[0] == summary(0, 0, 0)
    assert ran.errors[1].startswith(f"orders-events: Stopped at line 1: No answer from {url} (ConnectError")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (problem(404, "The contract has no such path."), "The contract has no such path."),
        (Answer(401), "The server answered 401 Unauthorized."),
        (
            Answer(301, b"", {"Location": "https://other.example"}),
            "301 Moved Permanently and points to https://other.example.",
        ),
        (Answer(200, b"<html>"), "The server answered 200 OK."),
        (Answer(201, b"<html>"), "The server's answer is not that of Orders Events."),
        (stored(False, False), "The server's answer is not that of Orders Events."),
    ],
)
def test_refusal_of_the_request_itself_stops_at_once(answer: Answer, reason: str) -> None:
    with ScriptedServer(answer) as server:
        ran = publish(server.url, named("a"))
    assert len(server.asked) == 1
    assert ran.code == 1
    assert ran.errors[0] == summary(0, 0, 0)
    assert ran.errors[1].startswith("orders-events: Stopped at line 1: ")
    assert reason in ran.errors[1]
    assert len(ran.errors) == 2


def test_reason_is_one_line_that_cannot_steer_a_terminal() -> None:
    hostile = {"index": 0, "pointer": "/data", "message": "is\r\nbad\x1b[2J"}
    with ScriptedServer(problem(422, "No.", violations=[hostile]), stored()) as server:
        ran = publish(server.url, named("a"))
    assert ran.errors == ["orders-events: line 1: /data is bad\N{REPLACEMENT CHARACTER}[2J", summary(0, 0, 1)]


def test_empty_file_succeeds_without_a_request() -> None:
    with ScriptedServer(Answer(500)) as server:
        assert publish(server.url, b"\n\n") == Ran(0, "", [summary(0, 0, 0)])
    assert server.asked == []


@pytest.mark.parametrize("indent", [None, 2])
def test_array_is_stored_as_its_lines_would_be(server: ServerProcess, indent: int | None) -> None:
    events = [shipped(f"array-{indent}-{number}") for number in range(1203)]
    first = publish(server.url, json.dumps(events, indent=indent).encode())
    again = publish(server.url, lines(*events))
    assert first == Ran(0, "", [summary(1203, 0, 0)])
    assert again == Ran(0, "", [summary(0, 1203, 0)])
    assert orders(server.url, f"array-{indent}-") == [f"array-{indent}-{number}" for number in range(1203)]


def test_more_refused_lines_than_a_response_lists_are_all_reported(server: ServerProcess) -> None:
    refused = [number for number in range(1, 101) if number % 3]
    events = [shipped(f"many-{number}", **({"more": 1} if number in refused else {})) for number in range(1, 101)]
    ran = publish(server.url, lines(*events))
    reported = [line.removeprefix("orders-events: ").split(": ")[0] for line in ran.errors[:-1]]
    assert reported == [f"line {number}" for number in refused]
    assert ran.errors[-1] == summary(33, 0, 67)
    assert orders(server.url, "many-") == [f"many-{number}" for number in range(3, 101, 3)]


def test_refused_elements_are_reported_and_all_others_stored(server: ServerProcess) -> None:
    content = json.dumps([shipped("element-1"), 5, shipped("element-3", eventType="order.lost"), shipped("element-4")])
    ran = publish(server.url, content.encode())
    assert ran.code == 1
    assert [line.split(": ")[1] for line in ran.errors[:-1]] == ["event 2", "event 3"]
    assert ran.errors[-1] == summary(2, 0, 2)
    assert orders(server.url, "element-") == ["element-1", "element-4"]


def test_byte_order_mark_of_utf_8_is_passed_over(server: ServerProcess) -> None:
    event = {"eventType": "order.shipped", "data": {"orderId": "marked-1", "when": "2024-05-01T10:00:00Z"}}
    assert publish(server.url, b"\xef\xbb\xbf" + lines(event)) == Ran(0, "", [summary(1, 0, 0)])
    assert publish(server.url, lines(event)) == Ran(0, "", [summary(0, 1, 0)])


CSV = "orderId,status,when\r\n" + "".join(f"or_{number},shipped,2024-05-01\r\n" for number in range(24_003))
GERMAN = json.dumps([shipped("süd")], ensure_ascii=False)
FOREIGN: dict[str, tuple[bytes, str]] = {
    "CSV": (
        CSV.encode(),
        "looks like CSV, for it begins with 'orderId,status,when'. Convert its rows: publish reads JSON",
    ),
    "CSV with semicolons": (b"a;b\n1;2\n", "looks like CSV, for it begins with 'a;b'"),
    "CSV in quotes": (b'"a","b"\n"1","2"\n', "looks like CSV"),
    "text": (b"Dear Sir\n", "is not JSON, for it begins with 'Dear Sir'. publish reads JSON"),
    "a number": (b"5\n", "is not JSON, for it begins with '5'."),
    "one long line": (b"x" * 1_000_000, f"is not JSON, for it begins with '{'x' * 60}'."),
    "a spreadsheet": (b"PK\x03\x04\x14\x00\x06\x00" + bytes(100), "is a spreadsheet or an archive."),
    "an old spreadsheet": (bytes.fromhex("d0cf11e0a1b11ae1"), "is a spreadsheet or an archive."),
    "gzip": (gzip.compress(named("a")), "is compressed. Decompress it: gzip -dc "),
    "bzip2": (bz2.compress(named("a")), "is compressed. Decompress it: bzip2 -dc "),
    "xz": (lzma.compress(named("a")), "is compressed. Decompress it: xz -dc "),
    "UTF-16 with a mark": (
        GERMAN.encode("utf-16"),
        "is not UTF-8 text but UTF-16. Convert it: iconv -f UTF-16 -t UTF-8 ",
    ),
    "UTF-16LE": (GERMAN.encode("utf-16-le"), "is not UTF-8 text but UTF-16LE."),
    "UTF-16BE lines": (named("a").decode().encode("utf-16-be"), "is not UTF-8 text but UTF-16BE."),
    "UTF-32": (GERMAN.encode("utf-32"), "is not UTF-8 text but UTF-32."),
    "Latin-1": (named("a", "b") + GERMAN.encode("latin-1"), "is not UTF-8 text: line 3 has the byte 0xFC."),
    "Latin-1 far behind": (named("a") * 10_000 + GERMAN.encode("latin-1"), "line 10001 has the byte 0xFC."),
    "one pretty event": (json.dumps(shipped("a"), indent=2).encode(), "has an event over several lines."),
}


@pytest.mark.parametrize(("content", "message"), FOREIGN.values(), ids=FOREIGN.keys())
def test_file_of_another_kind_is_one_message_and_nothing_is_sent(content: bytes, message: str) -> None:
    with ScriptedServer(Answer(500)) as server:
        ran = publish(server.url, content)
    assert (ran.code, ran.out, len(ran.errors), server.asked) == (1, "", 1, [])
    assert message in ran.errors[0]
    assert ran.errors[0].endswith(" Nothing was sent.")


@pytest.mark.parametrize("kind", ["CSV", "Latin-1"])
def test_pipe_of_another_kind_is_one_message_and_nothing_is_sent(kind: str) -> None:
    content, message = FOREIGN[kind]
    with ScriptedServer(Answer(500)) as server:
        ran = subprocess.run(
            [sys.executable, "-m", "app", "publish", "-", "--url", server.url],
            input=content, capture_output=True, check=False,
        )  # fmt: skip
    errors = ran.stderr.decode()
    assert (ran.returncode, len(errors.splitlines()), server.asked) == (1, 1, [])
    assert message in errors
    assert "<stdin>" not in errors


def test_command_that_a_message_names_publishes_the_file(server: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "our orders.ndjson"
    file.write_bytes(named("recoded-1", "recoded-2").decode().encode("utf-16"))
    ran = run("publish", str(file), "--url", server.url)
    command = ran.errors[0].partition("Convert it: ")[2].removesuffix(" Nothing was sent.")
    program = Path(sys.executable).parent / "orders-events"
    subprocess.run(
        ["bash", "-c", command.replace("orders-events", shlex.quote(str(program)))],
        env={**os.environ, "ORDERS_EVENTS_URL": server.url}, check=True, capture_output=True,
    )  # fmt: skip
    assert orders(server.url, "recoded-") == ["recoded-1", "recoded-2"]


def test_file_that_cannot_be_read_is_one_line() -> None:
    ran = run("publish", "/proc/self/mem", "--url", url_without_server())
    assert (ran.code, ran.errors) == (1, ["orders-events: /proc/self/mem cannot be read: Input/output error."])


def test_closed_standard_input_is_one_line() -> None:
    ran = subprocess.run(
        ["bash", "-c", f"{shlex.quote(sys.executable)} -m app publish - <&-"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.splitlines() == [
        "orders-events: Invalid value for 'FILE': Standard input is closed. See orders-events publish --help."
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(size_bytes: int | None, steps: Sequence[tuple[int, int]]) -> list[str]:
    terminal = Terminal()
    seconds = iter(range(len(steps) + 1))  # a second passes before each step but the first
    progress = Progress(size_bytes, terminal, lambda: max(0, next(seconds) - 1))
    for bytes_read, events in steps:
        progress.show(bytes_read, events)
    progress.clear()
    return terminal.getvalue().split("\r\x1b[K")[1:]


def test_progress_of_a_file_is_a_bar() -> None:
    assert shown(1000, [(0, 0), (500, 1200), (800, 2000), (1000, 2400)]) == [
        f"[{' ' * 30}]   0%  0 events",
        f"[{'#' * 15}{' ' * 15}]  50%  1,200 events  1,200 a second  1 s left",
        f"[{'#' * 24}{' ' * 6}]  80%  2,000 events  1,000 a second  1 s left",
        f"[{'#' * 30}] 100%  2,400 events  800 a second",
        "",
    ]


def test_long_publications_end_in_minutes() -> None:
    assert shown(1000, [(0, 0), (1, 500)])[1].endswith("  500 a second  17 min left")


def test_progress_of_a_pipe_is_a_count() -> None:
    assert shown(None, [(0, 0), (500, 1200)]) == ["0 events", "1,200 events  1,200 a second", ""]


def test_progress_is_not_shown_without_a_terminal() -> None:
    output = io.StringIO()
    Progress(1000, output).show(500, 1)
    assert output.getvalue() == ""
