"""`tail` prints each event once, also if the connection breaks, and ends as its options say."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.command import PATIENCE_SECONDS, Ran, run, started
from tests.cli.scripted_server import STREAM, Answer, ScriptedServer, problem, stream
from tests.support.ports import own_port, url_without_server
from tests.support.server_process import ServerProcess

OPENING = "retry: 10\n: hello\nid: e-0\nevent: stream.checkpoint\ndata: {}"
END = 'event: stream.closing\ndata: {"reason": "end"}'
DRAIN = 'event: stream.closing\ndata: {"reason": "drain"}'
GAP = 'id: f-6\nevent: stream.gap\ndata: {"reason": "expired", "requested": "e-1", "earliest": "f-6"}'


def shipped(number: int) -> str:
    return f'id: e-{number}\nevent: order.shipped\ndata: {{"orderId": "o{number}"}}'


def line(number: int) -> str:
    return json.dumps({"id": f"e-{number}", "eventType": "order.shipped", "data": {"orderId": f"o{number}"}}) + "\n"


def tail(url: str, *options: str) -> Ran:
    return run("tail", "--url", url, *options)


def publish(url: str, *orders: str, event_type: str = "order.shipped") -> None:
    events = [
        {"eventType": event_type, "data": {"orderId": order, "when": "2024-05-01T10:00:00-03:00"}} for order in orders
    ]
    httpx.post(f"{url}/events/orders", json=events, trust_env=False, timeout=PATIENCE_SECONDS).raise_for_status()


def printed(out: str) -> list[dict[str, Any]]:
    return [json.loads(text) for text in out.splitlines()]


def orders(out: str) -> list[str]:
    return [event["data"]["orderId"] for event in printed(out)]


@pytest.fixture(scope="module")
def filled(server: ServerProcess) -> ServerProcess:
    """A server whose log holds a1, b1 (cancelled), a2, b2 (cancelled), a1."""
    publish(server.url, "a1")
    publish(server.url, "b1", event_type="order.cancelled")
    publish(server.url, "a2")
    publish(server.url, "b2", event_type="order.cancelled")
    publish(server.url, "a1")
    return server


def test_event_is_one_line_with_id_type_and_data(filled: ServerProcess) -> None:
    ran = tail(filled.url, "--from", "earliest", "--no-follow", "--limit", "1")
    (event,) = printed(ran.out)
    assert list(event) == ["id", "eventType", "data"]
    assert event["eventType"] == "order.shipped"
    assert event["data"] == {"orderId": "a1", "when": "2024-05-01T10:00:00-03:00"}
    assert (ran.code, ran.errors) == (0, [])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["a1", "b1", "a2", "b2", "a1"]),
        (["--event-types", "order.cancelled"], ["b1", "b2"]),
        (["--event-types", "order.cancelled,order.shipped", "--limit", "3"], ["a1", "b1", "a2"]),
        (["--event-types", "order.cancelled", "--event-types", "order.shipped"], ["a1", "b1", "a2", "b2", "a1"]),
        (["--order-id", "a1"], ["a1", "a1"]),
        (["--order-id", "a2", "--order-id", "b1"], ["b1", "a2"]),
        (["--since", "2020-01-01T00:00:00Z", "--limit", "2"], ["a1", "b1"]),
        (["--major-version", "1", "--limit", "1"], ["a1"]),
    ],
)
def test_options_choose_events(filled: ServerProcess, options: list[str], expected: list[str]) -> None:
    ran = tail(filled.url, "--from", "earliest", "--no-follow", *options)
    assert (ran.code, orders(ran.out)) == (0, expected)


def test_last_event_id_goes_on_after_that_event(filled: ServerProcess) -> None:
    second = printed(tail(filled.url, "--from", "earliest", "--no-follow").out)[1]["id"]
    assert orders(tail(filled.url, "--last-event-id", second, "--no-follow").out) == ["a2", "b2", "a1"]


def test_empty_stream_succeeds(filled: ServerProcess) -> None:
    assert tail(filled.url, "--no-follow") == Ran(0, "", [])


def test_limit_ends_a_tail_that_follows(filled: ServerProcess) -> None:
    assert orders(tail(filled.url, "--from", "earliest", "--limit", "2").out) == ["a1", "b1"]


def test_foreign_position_is_reported_and_everything_retained_printed(filled: ServerProcess) -> None:
    ran = tail(filled.url, "--last-event-id", "nope", "--no-follow")
    assert ran.code == 0
    assert len(orders(ran.out)) == 5
    assert len(ran.errors) == 1
    assert ran.errors[0].startswith("orders-events: Events are missing here: the position nope is foreign. ")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--event-types", "order.lost"], "eventTypes"),
        (["--last-event-id", "no id"], "Last-Event-ID"),
        (["--since", "yesterday"], "since"),
    ],
)
def test_refused_option_is_one_line_and_exit_code_1(filled: ServerProcess, options: list[str], reason: str) -> None:
    ran = tail(filled.url, *options)
    assert (ran.code, ran.out, len(ran.errors)) == (1, "", 1)
    assert reason in ran.errors[0]


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:{tmp_path / 'log.db'}"


@pytest.mark.parametrize("end", [ServerProcess.kill, ServerProcess.terminate], ids=["killed", "drained"])
def test_tail_misses_and_doubles_nothing_across_a_restart(store: str, end: Callable[[ServerProcess], object]) -> None:
    settings = ("--store", store, "--retry-ms", "10")
    with (
        ServerProcess(*settings, port=own_port()) as server,
        started("tail", "--url", server.url, "--from", "earliest") as tailing,
    ):
        assert tailing.stdout is not None
        publish(server.url, "before")
        assert orders(tailing.stdout.readline()) == ["before"]
        end(server)
        with ServerProcess(*settings, port=server.port) as restarted:
            publish(restarted.url, "after-1", "after-2")
            assert orders(tailing.stdout.readline() + tailing.stdout.readline()) == ["after-1", "after-2"]
            assert tailing.poll() is None


@pytest.mark.parametrize("end", [ServerProcess.kill, ServerProcess.terminate], ids=["killed", "drained"])
def test_tail_opened_in_a_quiet_hour_misses_nothing_either(store: str, end: Callable[[ServerProcess], object]) -> None:
    settings = ("--store", store, "--retry-ms", "10")
    with ServerProcess(*settings, port=own_port()) as server, started("tail", "--url", server.url) as tailing:
        assert tailing.stdout is not None
        wait_for_a_stream(server.url)
        end(server)
        with ServerProcess(*settings) as elsewhere:
            publish(elsewhere.url, "while-away")
        with ServerProcess(*settings, port=server.port):
            assert orders(tailing.stdout.readline()) == ["while-away"]


def wait_for_a_stream(url: str) -> None:
    """Wait until the server says that a stream is open."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE_SECONDS) as client:
        while "orders_events_streams 0.0" in client.get("/metrics").text:
            assert time.monotonic() < deadline
            client.get("/events/orders", params={"wait": "1"}, headers={"Accept": "application/json"})  # takes a second


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code of a process that ends by itself, and what it said on standard error."""
    assert process.stderr is not None
    errors = process.stderr.read()
    return process.wait(PATIENCE_SECONDS), errors


def test_reader_that_has_enough_ends_tail_quietly(filled: ServerProcess) -> None:
    with started("tail", "--url", filled.url, "--from", "earliest") as tailing:
        assert tailing.stdout is not None
        assert orders(tailing.stdout.readline()) == ["a1"]
        tailing.stdout.close()
        publish(filled.url, "c1")
        assert ended(tailing) == (0, "")


@pytest.mark.parametrize(
    ("redirection", "message"),
    [(">/dev/full", "Events cannot be printed: No space left on device"), (">&-", "Standard output is closed")],
)
def test_output_that_cannot_be_written_ends_tail_with_a_line(
    filled: ServerProcess, redirection: str, message: str
) -> None:
    command = f'exec "$@" {redirection}'
    arguments = (sys.executable, "-m", "app", "tail", "--url", filled.url, "--from", "earliest")
    ran = subprocess.run(
        ["sh", "-c", command, "sh", *arguments], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    (error,) = ran.stderr.splitlines()
    assert (ran.returncode, error.startswith(f"orders-events: {message}")) == (1, True), error


def test_interrupt_ends_tail_quietly() -> None:
    with (
        ScriptedServer(Answer(200, f"{OPENING}\n\n{shipped(1)}\n\n".encode(), STREAM, held=True)) as server,
        started("tail", "--url", server.url) as tailing,
    ):
        assert tailing.stdout is not None
        assert tailing.stdout.readline() == line(1)
        tailing.send_signal(signal.SIGINT)
        code, errors = ended(tailing)
        assert (code, errors.strip()) == (130, "")


def test_options_become_parameters_of_the_first_request() -> None:
    with ScriptedServer(stream(OPENING, END)) as server:
        options = ["--event-types", "x", "--order-id", "1", "--order-id", "2", "--since", "t", "--from", "earliest"]
        assert tail(server.url, *options, "--limit", "9", "--major-version", "2", "--no-follow") == Ran(0, "", [])
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.headers["Accept"]) == ("GET", "/events/orders", "text/event-stream")
    assert "Last-Event-ID" not in asked.headers
    assert asked.parameters == [
        ("eventTypes", "x"),
        ("orderId", "1"),
        ("orderId", "2"),
        ("follow", "false"),
        ("majorVersion", "2"),
        ("from", "earliest"),
        ("since", "t"),
        ("limit", "9"),
    ]


def test_request_after_a_break_goes_on_after_the_last_event() -> None:
    broken = stream(OPENING, shipped(1), shipped(2), "id: e-3\nevent: order.shipped")
    cut = Answer(200, broken.body[:-1], STREAM)  # without its blank line, the third event was not received
    with ScriptedServer(cut, stream("id: e-2\nevent: stream.checkpoint\ndata: {}", shipped(3), END)) as server:
        ran = tail(server.url, "--from", "earliest", "--order-id", "1", "--limit", "5")
    assert ran == Ran(0, line(1) + line(2) + line(3), [])
    assert server.asked[1].headers["Last-Event-ID"] == "e-2"
    assert server.asked[1].parameters == [("orderId", "1"), ("limit", "3")]


def test_checkpoint_and_unknown_control_events_move_the_place_to_return_to() -> None:
    future = 'id: e-9\nevent: stream.promise\ndata: {"what": "is to come"}'
    with ScriptedServer(stream(OPENING), stream(future), stream(OPENING, END)) as server:
        assert tail(server.url) == Ran(0, "", [])
    assert [asked.headers.get("Last-Event-ID") for asked in server.asked] == [None, "e-0", "e-9"]


def test_gap_is_reported_in_one_line_and_the_rest_printed() -> None:
    with ScriptedServer(stream(GAP, shipped(7), END)) as server:
        ran = tail(server.url, "--last-event-id", "e-1")
    message = "orders-events: Events are missing here: the position e-1 is expired. What is left begins after f-6."
    assert ran == Ran(0, line(7), [message])
    assert server.asked[0].headers["Last-Event-ID"] == "e-1"


@pytest.mark.parametrize("reason", ["end", "limit"])
def test_final_closing_ends_tail(reason: str) -> None:
    closing = f'event: stream.closing\ndata: {{"reason": "{reason}"}}'
    with ScriptedServer(stream(OPENING, shipped(1), closing)) as server:
        assert tail(server.url) == Ran(0, line(1), [])
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "data", ['{"reason": "drain"}', '{"reason": "unavailable"}', '{"reason": "new"}', "{}", "[]", "x"]
)
def test_any_other_closing_makes_tail_come_back(data: str) -> None:
    closing = f"event: stream.closing\ndata: {data}"
    with ScriptedServer(stream(OPENING, shipped(1), closing), stream(shipped(2), END)) as server:
        assert tail(server.url) == Ran(0, line(1) + line(2), [])
    assert server.asked[1].headers["Last-Event-ID"] == "e-1"


def test_answer_204_ends_tail() -> None:
    with ScriptedServer(stream(OPENING, DRAIN), Answer(204)) as server:
        assert tail(server.url, "--no-follow") == Ran(0, "", [])
    assert len(server.asked) == 2


@pytest.mark.parametrize("trouble", [problem(503, "The server is about to stop."), Answer(502), Answer(0)])
def test_failure_that_may_pass_is_reported_once_and_tried_again(trouble: Answer) -> None:
    with ScriptedServer(stream(OPENING), trouble, trouble, stream(shipped(1), END)) as server:
        ran = tail(server.url)
    assert (ran.code, ran.out, len(ran.errors)) == (0, line(1), 1)
    assert ran.errors[0].endswith(" Trying again.")
    assert [asked.headers.get("Last-Event-ID") for asked in server.asked] == [None, "e-0", "e-0", "e-0"]


def test_stream_that_closes_at_once_is_a_failure_too() -> None:
    with ScriptedServer(stream(f"retry: 10\n{DRAIN}"), stream(shipped(1), END)) as server:
        ran = tail(server.url)
    assert ran == Ran(0, line(1), [f"orders-events: {server.url} ended the stream. Trying again."])


def test_missing_server_is_given_up_in_time() -> None:
    url = url_without_server()
    ran = tail(url, "--retry-max-time", "0")
    assert (ran.code, ran.out, len(ran.errors)) == (1, "", 1)
    assert ran.errors[0].startswith(f"orders-events: No answer from {url} (ConnectError")


def test_finite_tail_does_not_try_for_ever() -> None:
    busy = problem(503, "The log cannot be read.", headers={"Retry-After": "61"})
    with ScriptedServer(busy) as server:
        ran = tail(server.url, "--no-follow")
    assert (ran.code, ran.out, len(ran.errors)) == (1, "", 1)
    assert ran.errors[0].startswith("orders-events: The log cannot be read. Is the server running")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            problem(404, "The contract has no such path."),
            "no such path. Is --url the address of an Orders Events server, without a path behind it?",
        ),
        (
            problem(
                400, "2 parameters.", errors=[{"name": "a", "message": "is bad"}, {"name": "b", "message": "too"}, 5]
            ),
            "2 parameters. a is bad. b too. --help lists the options and their values.",
        ),
        (
            Answer(401, b"<html>"),
            "401 Unauthorized. The server, or a proxy in front of it, asks for credentials, and this command has none.",
        ),
        (Answer(307, b"", {"Location": "/x"}), "The server answered 307 Temporary Redirect and points to /x."),
        (
            Answer(200, b"<html>", {"Content-Type": "text/html"}),
            "is not an event stream, but text/html. Is --url the address of an Orders Events server?",
        ),
        (
            stream(OPENING, "id: e-1\nevent: order.shipped\ndata: <b>"),
            "The data of the event 'e-1' is not a JSON object. Is --url the address of an Orders Events server?",
        ),
        (Answer(204), "The server answered 204: there is no stream to follow."),
    ],
)
def test_answer_that_coming_back_does_not_change_ends_tail(answer: Answer, reason: str) -> None:
    with ScriptedServer(answer) as server:
        ran = tail(server.url)
    assert (ran.code, ran.out, len(ran.errors)) == (1, "", 1)
    assert ran.errors[0].endswith(reason)
    assert len(server.asked) == 1


@pytest.fixture(scope="module")
def recent() -> Iterator[ServerProcess]:
    """A server that was sent one event a moment ago."""
    with ServerProcess("--store", "memory:") as server:
        publish(server.url, "a1")
        yield server


@pytest.mark.parametrize("span", ["10m", "1h30m", "2d", "1w", "3600s"])
def test_since_may_be_a_span_before_now(recent: ServerProcess, span: str) -> None:
    assert orders(tail(recent.url, "--since", span, "--no-follow").out) == ["a1"]


def test_span_is_subtracted_from_the_time() -> None:
    with ScriptedServer(stream(OPENING, END)) as server:
        before = datetime.now(UTC)
        assert tail(server.url, "--since", "1h30m") == Ran(0, "", [])
    ((name, since),) = server.asked[0].parameters
    assert name == "since"
    assert (
        timedelta(0) <= datetime.fromisoformat(since) + timedelta(hours=1, minutes=30) - before < timedelta(minutes=1)
    )


@pytest.mark.parametrize("since", ["10", "m", "10x", "-10m", "10m ", "2026-01-01T00:00:00Z"])
def test_text_that_is_not_a_span_is_left_to_the_server(since: str) -> None:
    with ScriptedServer(stream(OPENING, END)) as server:
        assert tail(server.url, "--since", since) == Ran(0, "", [])
    assert server.asked[0].parameters == [("since", since)]


def test_text_is_a_line_that_people_read() -> None:
    data = {"orderId": "o1", "when": "2026-01-01T00:00:00Z", "reason": "paid\ntwice \x1b[2J", "n": 5}
    event = f"id: e-1\nevent: order.cancelled\ndata: {json.dumps(data)}"
    returned = "id: e-2\nevent: order.returned\ndata: {}"
    with ScriptedServer(stream(OPENING, event, returned, END)) as server:
        ran = tail(server.url, "--format", "text")
    assert ran == Ran(
        0,
        "2026-01-01T00:00:00Z  order.cancelled   o1  reason=paid twice \N{REPLACEMENT CHARACTER}[2J  n=5  e-1\n"
        "  order.returned      e-2\n",
        [],
    )


@pytest.mark.parametrize(
    ("options", "environment", "expected"),
    [
        ([], {}, b"\x1b[2mw\x1b[0m  \x1b["),
        ([], {"NO_COLOR": "1"}, b"w  order.shipped     o1  e-1"),
        ([], {"TERM": "dumb"}, b"w  order.shipped     o1  e-1"),
        (
            ["--format", "json"],
            {},
            b'{"id": "e-1", "eventType": "order.shipped", "data": {"orderId": "o1", "when": "w"}}',
        ),
    ],
    ids=["colour", "no colour", "dumb", "json"],
)
def test_terminal_shows_text_in_colour_by_default(
    options: list[str], environment: dict[str, str], expected: bytes
) -> None:
    event = 'id: e-1\nevent: order.shipped\ndata: {"orderId": "o1", "when": "w"}'
    with ScriptedServer(stream(OPENING, event, END)) as server:
        command = [sys.executable, "-m", "app", "tail", "--url", server.url, *options]
        shown = on_a_terminal(command, {"TERM": "xterm", **environment})
    assert shown.startswith(expected)
    assert (b"\x1b[" in shown) is expected.startswith(b"\x1b")


def on_a_terminal(command: list[str], environment: dict[str, str]) -> bytes:
    """What a command writes to a terminal."""
    terminal, end = pty.openpty()
    inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    with subprocess.Popen(command, stdout=end, stderr=end, env={**inherited, **environment}):
        os.close(end)
        written = bytearray()
        with suppress(OSError):  # how Linux says that nobody writes to it any more
            while chunk := os.read(terminal, 4096):
                written += chunk
        os.close(terminal)
    return bytes(written)
