"""Every command and script of the documentation, run unchanged in a shell or a browser, does what the text says."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, NamedTuple

import httpx
import pytest
from playwright.sync_api import Page

from app.pages.markup.commands import ORIGIN
from tests.browser.following import patient
from tests.browser.watching import PATIENCE_SECONDS, Watched
from tests.pages.contract import pages
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import (
    Frame,
    cancelled,
    eventually,
    frames,
    head_id,
    publish,
    read_page,
    shipped,
    streams_open,
)

SAMPLE_ID = "k7f3q2xw-1042"
OF_A_DAY = "since=2024-05-01T00:00:00Z&until=2024-05-02T00:00:00Z&intervalSeconds=900"


class Command(NamedTuple):
    """A command, and the page that shows it."""

    page: str
    text: str

    @property
    def path(self) -> str:
        (path,) = re.findall(rf"'{ORIGIN}([^']*)'", self.text)
        return str(path)

    @property
    def printing(self) -> str:
        """The command, but what it would write to a file is printed."""
        return re.sub(r" -o \S+", "", self.text.rstrip())


def blocks(language: str) -> Iterator[tuple[str, str]]:
    for name, page in pages().items():
        for block in page.all("pre", data_language=language):
            yield name, block.text


def commands() -> list[Command]:
    """Split blocks into commands, each of which begins with curl; the others start servers or install clients."""
    found = [
        Command(name, text)
        for name, block in blocks("sh")
        for text in re.split(r"^(?=curl )", block, flags=re.MULTILINE)
    ]
    return [each for each in dict.fromkeys(found) if each.text.startswith("curl ")]


COMMANDS = commands()
FOLLOWING = [each for each in COMMANDS if each.text.startswith("curl -N") and "follow=false" not in each.text]
PUBLISHING = [each for each in COMMANDS if " -d " in each.text]
READING = [each for each in COMMANDS if each not in (*FOLLOWING, *PUBLISHING)]


def named(command: Command) -> str:
    return f"{command.page} {command.path}"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A server that publishes often, so that no command waits long for an event."""
    with ServerProcess("--store", "memory:", "--source", "simulator:50", "--seed", "1") as server:
        yield server


@pytest.fixture(scope="module")
def quiet_server() -> Iterator[ServerProcess]:
    with ServerProcess("--store", "memory:") as server:
        yield server


@pytest.fixture
def quiet(quiet_server: ServerProcess) -> Iterator[httpx.Client]:
    with patient(quiet_server) as client:
        yield client


@contextmanager
def typed(command: str, url: str) -> Iterator[IO[str]]:
    """Run a command in a shell; yield its output while it runs."""
    with subprocess.Popen(
        ["/bin/sh", "-c", f"exec {command.replace(ORIGIN, url)}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.terminate()


def output_of(command: str, url: str) -> str:
    with typed(f"{command.rstrip()} --silent --show-error --max-time {PATIENCE_SECONDS}", url) as output:
        return output.read()


def beginning_of(command: str, url: str, order_events: int) -> list[Frame]:
    """Read a stream until it has shown some order events."""
    with typed(f"{command.rstrip()} --silent --max-time {PATIENCE_SECONDS}", url) as output:
        seen = 0
        lines = []
        for line in output:
            lines.append(line)
            seen += line.startswith("event: order.")
            if seen == order_events and line == "\n":
                break
    assert lines[0].startswith("retry: ")
    assert lines[1] == ": orders-events\n"
    return frames("".join(lines))


def test_documentation_has_commands_that_subscribe_resume_filter_read_and_publish() -> None:
    guide = [each.text for each in COMMANDS if each.page == "docs"]
    assert any(text.startswith("curl -N") and "?" not in text and "-H" not in text for text in guide)
    assert any("Last-Event-ID" in text for text in guide)
    assert any("eventTypes=" in text for text in guide)
    assert any("application/json" in text and "from=earliest" in text for text in guide)
    assert any(" -d " in text for text in guide)
    assert len(COMMANDS) >= 20


@pytest.mark.parametrize("command", FOLLOWING, ids=named)
def test_command_that_follows_shows_the_requested_events(server: ServerProcess, command: Command) -> None:
    opening, *rest = beginning_of(command.text, server.url, 3)
    resumes = SAMPLE_ID in command.text
    assert opening.event == ("stream.gap" if resumes else "stream.checkpoint")  # the sample's id is of no log of ours
    shown = {frame.event for frame in rest if (frame.event or "").startswith("order.")}
    wanted = re.findall(r"eventTypes=([a-z.]+)", command.text)
    assert shown <= (set(wanted) or {"order.shipped", "order.cancelled"})
    assert all(frame.id for frame in (opening, *rest))


@pytest.mark.parametrize("command", [each for each in FOLLOWING if SAMPLE_ID in each.text], ids=named)
def test_command_that_resumes_continues_after_the_id(server: ServerProcess, command: Command) -> None:
    first, second, third = beginning_of("curl -N 'http://127.0.0.1:8000/events/orders'", server.url, 3)[-3:]
    assert first.id is not None
    opening, *rest = beginning_of(command.text.replace(SAMPLE_ID, first.id), server.url, 3)
    assert (opening.event, opening.id) == ("stream.checkpoint", first.id)
    assert rest[:2] == [second, third]


@pytest.mark.parametrize("command", READING, ids=named)
def test_command_that_reads_prints_what_its_path_promises(server: ServerProcess, command: Command) -> None:
    assert eventually(
        lambda: bool(
            order_events(output_of("curl 'http://127.0.0.1:8000/events/orders?from=earliest&follow=false'", server.url))
        )
    )
    output = output_of(f"{command.printing} --fail-with-body", server.url)
    if "follow=false" in command.path:
        stream = frames(output)
        assert (stream[-1].event, stream[-1].data) == ("stream.closing", '{"reason":"end"}')
        assert order_events(output)
    elif command.path == "/metrics":
        assert "orders_events_streams" in output
    elif command.path == "/orders-events.proto":
        assert "service OrderEvents {" in output
    elif command.path == "/openapi.yaml":
        assert output.startswith("openapi: 3.0.3\n")
    else:
        promised = {
            "/event-types": "eventTypes",
            "/event-types/order.shipped/1.0.0": "properties",
            "/openapi.json": "openapi",
            "/openapi-3.2.json": "openapi",
            "/openapi-clients.json": "openapi",
            "/asyncapi.json": "asyncapi",
            "/.well-known/oauth-protected-resource": "resource",
            "/health/live": "status",
            "/health/ready": "status",
            "/events/orders?from=earliest&limit=10": "events",
            "/events/orders/page": "lastEventId",
            "/events/orders/page?from=earliest&limit=10": "events",
            "/events/orders/counts": "intervals",
            f"/events/orders/counts?{OF_A_DAY}": "lastEventId",  # nothing was stored on that day
        }
        assert json.loads(output)[promised[command.path]]


def order_events(stream: str) -> list[Frame]:
    return [frame for frame in frames(stream) if (frame.event or "").startswith("order.")]


@pytest.mark.parametrize("command", PUBLISHING, ids=lambda command: command.page)
def test_command_that_publishes_stores_its_event(
    quiet: httpx.Client, quiet_server: ServerProcess, command: Command
) -> None:
    before = head_id(quiet)
    published = json.loads(output_of(command.text, quiet_server.url))["events"]
    (body,) = re.findall(r" -d '(.*)'\s*\Z", command.text, re.DOTALL)
    sent = json.loads(body.replace("'\"'\"'", "'"))
    sent = sent if isinstance(sent, list) else [sent]
    assert [each["eventType"] for each in published] == [each["eventType"] for each in sent]
    stored = [event["id"] for event in read_page(quiet, lastEventId=before)["events"]]
    assert stored == [each["id"] for each in published if not each["duplicate"]]
    again = json.loads(output_of(command.text, quiet_server.url))["events"]
    assert [each["duplicate"] for each in again] == ["eventId" in each for each in sent]


# Scripts


SCRIPTS = [text for name, text in blocks("js") if name == "docs"]


def test_guide_has_scripts_that_follow_and_that_publish() -> None:
    assert len(SCRIPTS) == 2


def test_script_that_follows_logs_each_event_with_its_id(
    quiet: httpx.Client, quiet_server: ServerProcess, page: Page
) -> None:
    watched = Watched()
    watched.watch(page)
    page.goto(f"{quiet_server.url}/docs")
    page.evaluate(f"() => {{ {SCRIPTS[0]} }}")
    assert eventually(lambda: streams_open(quiet) == 1)
    for event in (shipped("or_1"), cancelled("or_2")):
        with page.expect_console_message() as said:
            (event_id,) = publish(quiet, event)
        assert said.value.text == f"{event['eventType']} {event_id} {event['data']['orderId']}"
    assert watched.errors == []


def test_script_that_publishes_logs_the_result(quiet_server: ServerProcess, page: Page) -> None:
    watched = Watched()
    watched.watch(page)
    page.goto(f"{quiet_server.url}/docs")
    with page.expect_console_message() as said:
        page.evaluate(f"async () => {{ {SCRIPTS[1]} }}")
    assert said.value.text.startswith("201 {events: ")
    assert watched.errors == []
