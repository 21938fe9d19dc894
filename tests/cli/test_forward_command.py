"""`forward` sends each event at least once and in order, signed, and goes on after what it has kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.cli.forwarding.webhook_secrets import signature
from tests.cli.command import PATIENCE_SECONDS, Ran, run, started
from tests.cli.scripted_server import Answer, Asked, Script, ScriptedServer, stream
from tests.support.ports import own_port
from tests.support.server_process import ServerProcess

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  # that of the published example
KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
CLIENTS_PAGE = Path(__file__).parents[2] / "app" / "pages" / "texts" / "clients.md"
ORDERS = ("o1", "o2", "o3")
OPENING = "retry: 10\n: hello\nid: e-0\nevent: stream.checkpoint\ndata: {}"
END = 'event: stream.closing\ndata: {"reason": "end"}'
GAP = 'id: f-6\nevent: stream.gap\ndata: {"reason": "expired", "requested": "e-1", "earliest": "f-6"}'


def shipped(number: int) -> str:
    return f'id: e-{number}\nevent: order.shipped\ndata: {{"orderId": "o{number}"}}'


def publish(url: str, *orders: str) -> list[str]:
    events = [
        {"eventType": "order.shipped", "data": {"orderId": each, "when": "2024-05-01T10:00:00-03:00"}}
        for each in orders
    ]
    answer = httpx.post(f"{url}/events/orders", json=events, trust_env=False, timeout=PATIENCE_SECONDS)
    return [event["id"] for event in answer.raise_for_status().json()["events"]]


class Place:
    """The files of a forwarder, and the options that name them."""

    def __init__(self, folder: Path) -> None:
        self.position, self.secrets, self.dead = folder / "position", folder / "secret", folder / "dead.ndjson"
        self.secrets.write_text(f"{SECRET}\n")

    def options(self, source: str, webhook: str) -> list[str]:
        return [
            "forward", webhook, "--url", source, "--position", str(self.position), "--secret-file", str(self.secrets)
        ]  # fmt: skip

    def forward(self, source: str, webhook: str, *options: str) -> Ran:
        return run(*self.options(source, webhook), "--no-follow", "--from", "earliest", *options)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture(scope="module")
def filled(server: ServerProcess) -> ServerProcess:
    publish(server.url, *ORDERS)
    return server


@pytest.fixture
def source() -> Iterator[ScriptedServer]:
    with ScriptedServer(stream(OPENING, shipped(1), shipped(2), END)) as running:
        yield running


def header(asked: Asked, name: str) -> str:
    return {key.lower(): value for key, value in asked.headers.items()}[name]


def ids(receiver: ScriptedServer) -> list[str]:
    return [header(asked, "webhook-id") for asked in receiver.asked]


def body(asked: Asked) -> dict[str, Any]:
    return dict(json.loads(asked.body))


def once(failure: Answer) -> Script:
    """Answer the first request with a failure, and all others with 204."""
    left = [failure]
    return lambda _: left.pop() if left else Answer(204)


def test_signature_is_that_of_the_published_example() -> None:
    signed = signature([KEY], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_event_is_sent_once_in_order_and_signed(filled: ServerProcess, place: Place) -> None:
    with ScriptedServer(Answer(204)) as receiver:
        ran = place.forward(filled.url, f"{receiver.url}/hook?to=us")
    assert (ran.code, ran.errors[-1]) == (0, "orders-events: 3 received, 0 in the dead letters.")
    assert [body(asked)["data"]["orderId"] for asked in receiver.asked] == list(ORDERS)
    for asked in receiver.asked:
        assert (asked.method, asked.path, asked.parameters) == ("POST", "/hook", [("to", "us")])
        assert header(asked, "content-type") == "application/json"
        assert header(asked, "webhook-id") == body(asked)["id"]
        assert body(asked)["eventType"] == "order.shipped"
        sent = header(asked, "webhook-timestamp")
        assert abs(int(sent) - time.time()) < PATIENCE_SECONDS
        content = f"{header(asked, 'webhook-id')}.{sent}.".encode() + asked.body
        expected = base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
        assert header(asked, "webhook-signature") == f"v1,{expected}"


def test_further_run_goes_on_after_the_last_one(server: ServerProcess, place: Place) -> None:
    with ScriptedServer(Answer(200, b"thank you")) as receiver:
        publish(server.url, "first")
        place.forward(server.url, receiver.url)
        before = len(receiver.asked)
        added = publish(server.url, "second")
        place.forward(server.url, receiver.url)
        assert ids(receiver)[before:] == added
        place.forward(server.url, receiver.url)
        assert len(receiver.asked) == before + 1
    assert place.position.read_text() == f"{added[0]}\n"


def test_position_is_kept_before_the_first_event(server: ServerProcess, place: Place) -> None:
    unused = f"http://127.0.0.1:{own_port()}"
    with started(*place.options(server.url, unused), "--event-types", "order.cancelled") as process:
        while not place.position.exists():
            assert process.poll() is None, process.communicate()
    assert re.fullmatch(r"[0-9A-Za-z_-]+\n", place.position.read_text())


@pytest.mark.parametrize(
    "failure",
    [Answer(500), Answer(404), Answer(302, headers={"Location": "/other"}), Answer(429, b"x" * 9000), Answer(0)],
    ids=["500", "404", "redirect", "429 with a long body", "no answer"],
)
def test_event_is_repeated_until_it_is_received(source: ScriptedServer, place: Place, failure: Answer) -> None:
    with ScriptedServer(script=once(failure)) as receiver:
        ran = place.forward(source.url, f"{receiver.url}/secret-path")
    assert (ran.code, ids(receiver)) == (0, ["e-1", "e-1", "e-2"])
    assert "Trying again" in ran.errors[0]
    assert "secret-path" not in "".join(ran.errors)


def test_status_takes_an_event_even_if_its_answer_is_cut(source: ScriptedServer, place: Place) -> None:
    with ScriptedServer(Answer(200, b"than", headers={"Content-Length": "9"})) as receiver:
        ran = place.forward(source.url, receiver.url, "--retry-max-time", "0")
    assert (ran.code, ids(receiver)) == (0, ["e-1", "e-2"])


def test_dead_letters_that_cannot_be_written_are_named_before_the_first_event(
    source: ScriptedServer, place: Place
) -> None:
    place.dead = place.dead.parent / "missing" / "dead.ndjson"
    with ScriptedServer(Answer(500)) as receiver:
        ran = place.forward(source.url, receiver.url, "--retry-max-time", "0", "--dead-letters", str(place.dead))
    assert (ran.code, ids(receiver)) == (1, [])
    assert str(place.dead) in ran.errors[-1]


def test_receiver_that_answers_410_ends_the_run(source: ScriptedServer, place: Place) -> None:
    with ScriptedServer(script=lambda asked: Answer(410 if b"o2" in asked.body else 200)) as receiver:
        ran = place.forward(source.url, receiver.url)
    assert (ran.code, ids(receiver), place.position.read_text()) == (1, ["e-1", "e-2"], "e-1\n")
    assert "410 Gone" in ran.errors[-1]


def test_event_that_is_not_received_in_time_stops_the_run_and_begins_the_next(
    source: ScriptedServer, place: Place
) -> None:
    with ScriptedServer(script=lambda asked: Answer(500 if b"o1" in asked.body else 200)) as receiver:
        ran = place.forward(source.url, receiver.url, "--retry-max-time", "0")
    assert (ran.code, ids(receiver), place.position.read_text()) == (1, ["e-1"], "e-0\n")
    assert "--dead-letters FILE" in ran.errors[-1]
    with ScriptedServer(Answer(200)) as receiver:
        place.forward(source.url, receiver.url)
    assert header(source.asked[-1], "last-event-id") == "e-0"


def test_dead_letters_take_what_was_not_received(source: ScriptedServer, place: Place) -> None:
    with ScriptedServer(script=lambda asked: Answer(500 if b"o1" in asked.body else 200)) as receiver:
        ran = place.forward(source.url, receiver.url, "--retry-max-time", "0", "--dead-letters", str(place.dead))
    assert (ran.code, ids(receiver), place.position.read_text()) == (0, ["e-1", "e-2"], "e-2\n")
    assert json.loads(place.dead.read_text()) == {
        "id": "e-1",
        "eventType": "order.shipped",
        "data": {"orderId": "o1"},
        "error": f"{receiver.url} answered 500 Internal Server Error.",
    }
    assert ran.errors[-1] == "orders-events: 1 received, 1 in the dead letters."


def test_command_of_the_docs_runs(source: ScriptedServer, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place.position.parent)
    command = re.search(r"^orders-events (forward (?:.*\\\n)*.*)$", CLIENTS_PAGE.read_text(), re.MULTILINE)
    assert command is not None
    with ScriptedServer(Answer(200)) as receiver:
        words = command[1].replace("https://example.com", receiver.url).replace("EVENT_TYPE", "order.cancelled")
        ran = run(*words.replace("\\\n", " ").split(), "--url", source.url, "--no-follow")
    assert (ran.code, ids(receiver), place.position.read_text()) == (0, ["e-1", "e-2"], "e-2\n")
    assert source.asked[0].parameters[0] == ("eventTypes", "order.cancelled")


def test_gap_is_an_event_of_its_own(place: Place) -> None:
    place.position.write_text("e-1\n")
    with (
        ScriptedServer(stream(OPENING, GAP, 'id: f-7\nevent: order.parked\ndata: {"orderId": "o7"}', END)) as source,
        ScriptedServer(Answer(200)) as receiver,
    ):
        place.forward(source.url, receiver.url)
    assert ids(receiver) == ["gap-f-6", "f-7"]
    assert body(receiver.asked[0]) == {
        "id": "f-6",
        "eventType": "stream.gap",
        "data": {"reason": "expired", "requested": "e-1", "earliest": "f-6"},
    }


def test_killed_run_repeats_the_event_that_was_under_way(source: ScriptedServer, place: Place) -> None:
    killed = threading.Event()

    def received(asked: Asked) -> Answer:
        if b"o2" in asked.body:
            killed.wait(PATIENCE_SECONDS)
        return Answer(200)

    with (
        ScriptedServer(script=received) as receiver,
        started(*place.options(source.url, receiver.url), "--no-follow") as process,
    ):
        while len(receiver.asked) < 2:
            assert process.poll() is None, process.communicate()
        process.kill()
        killed.set()
    assert place.position.read_text() == "e-1\n"
    with ScriptedServer(Answer(200)) as receiver:
        place.forward(source.url, receiver.url)
    assert header(source.asked[-1], "last-event-id") == "e-1"


def test_two_runs_do_not_share_a_position(server: ServerProcess, place: Place) -> None:
    unused = f"http://127.0.0.1:{own_port()}"
    with started(*place.options(server.url, unused)) as process:
        while not place.position.exists():
            assert process.poll() is None, process.communicate()
        ran = place.forward(server.url, unused)
    assert ran.code == 1
    assert "Another process forwards events" in ran.errors[-1]


def test_missing_secret_is_made_for_its_owner_alone(source: ScriptedServer, place: Place) -> None:
    place.secrets.unlink()
    with ScriptedServer(Answer(200)) as receiver:
        ran = place.forward(source.url, receiver.url)
    made = place.secrets.read_text().strip()
    assert stat.S_IMODE(place.secrets.stat().st_mode) == 0o600
    assert len(base64.b64decode(made.removeprefix("whsec_"))) == 32
    assert "has a new secret" in ran.errors[0]
    assert made not in "".join(ran.errors)


def test_two_secrets_sign_while_one_replaces_the_other(source: ScriptedServer, place: Place) -> None:
    place.secrets.write_text(f"{SECRET}\nwhsec_{base64.b64encode(b'n' * 32).decode()}\n")
    with ScriptedServer(Answer(200)) as receiver:
        place.forward(source.url, receiver.url)
    signatures = header(receiver.asked[0], "webhook-signature").split(" ")
    assert [each[:3] for each in signatures] == ["v1,", "v1,"]
    assert len(set(signatures)) == 2


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n",
        "correct horse",
        "whsec_",
        "whsec_c2hvcnQ=",
        f"{SECRET}\nwhsec_\u00e9",
        "whsec_" + "A" * 88,
        SECRET.upper(),
    ],
)
def test_file_without_a_secret_is_refused_without_printing_it(place: Place, content: str) -> None:
    place.secrets.write_text(content)
    ran = place.forward("http://127.0.0.1:1", "http://127.0.0.1:1")
    assert (ran.code, len(ran.errors)) == (1, 1)
    assert str(place.secrets) in ran.errors[0]
    assert not any(word.removeprefix("whsec_") in ran.errors[0] for word in content.split() if word != "whsec_")


@pytest.mark.parametrize("content", ["", "\n\n", "two words\nand a line", "\x00", "\u00e9", "x" * 65])
def test_file_without_a_position_is_refused(place: Place, content: str) -> None:
    place.position.write_text(content)
    ran = place.forward("http://127.0.0.1:1", "http://127.0.0.1:1")
    assert (ran.code, len(ran.errors)) == (1, 1)
    assert "does not contain the id of an event" in ran.errors[0]


def test_folder_that_does_not_exist_is_named_before_a_secret_is_made(place: Place) -> None:
    place.secrets.unlink()
    place.position = place.position.parent / "missing" / "position"
    ran = place.forward("http://127.0.0.1:1", "http://127.0.0.1:1")
    assert (ran.code, len(ran.errors), place.secrets.exists()) == (1, 1, False)
    assert f"No position can be kept in {place.position}: No such file or directory." in ran.errors[0]


@pytest.mark.parametrize(
    "url",
    ["", "shop.example", "ftp://shop.example", "http://", "https://me:word@shop.example", "https://shop.example/#x"],
)
def test_address_that_no_webhook_can_have_is_wrong_usage(place: Place, url: str) -> None:
    ran = place.forward("http://127.0.0.1:1", url)
    assert (ran.code, "word@" in ran.errors[-1]) == (2, False)
