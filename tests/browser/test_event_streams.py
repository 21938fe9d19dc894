"""Event streams as the WHATWG defines them, well formed and not: our decoder in every chunking, and the client in Chromium.

The corpus has cases like those of the standard's examples and of web-platform-tests; `like` names the original.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.client_server import CLIENT, Answer, Asked, client_server
from tests.browser.subscribing import Subscribed
from tests.support.programs import needed

HERE = Path(__file__).parent
CORPUS: dict[str, dict[str, Any]] = {
    each["name"]: each for each in json.loads((HERE / "event_streams.json").read_text())
}

each_stream = pytest.mark.parametrize("name", CORPUS)
each_transport = pytest.mark.parametrize("transport", ["eventsource", "fetch"])


def stream(case: dict[str, Any]) -> bytes:
    return bytes.fromhex(case["hex"]) if "hex" in case else str(case["stream"]).encode()


def pieces(body: bytes) -> tuple[bytes, ...]:
    """Cut a body into a few pieces, at random places that are the same in each run."""
    cuts = sorted(random.Random(body).sample(range(len(body) + 1), min(4, len(body))))
    return tuple(body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True))


# The decoder


@pytest.fixture(scope="module")
def decoded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("client")
    shutil.copy(CLIENT / "client.decoder.js", folder)
    (folder / "package.json").write_text('{"type": "module"}')
    command = [needed("node"), str(HERE / "decode.mjs"), str(folder), str(HERE / "event_streams.json")]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return dict(json.loads(finished.stdout))


@each_stream
def test_decoder_reads_a_stream_however_it_is_cut(decoded: dict[str, Any], name: str) -> None:
    assert decoded["wrong"][name] == []


def test_decoder_was_given_many_chunkings(decoded: dict[str, Any]) -> None:
    assert decoded["tried"] > 100_000


# The client in Chromium


class Answers:
    """Responses: each path gets its stream once, and then 204; `returned` has the last ids of the second requests."""

    def __init__(self) -> None:
        self.asked: dict[str, int] = defaultdict(int)
        self.returned: dict[str, str] = {}

    def __call__(self, asked: Asked) -> Answer:
        self.asked[asked.path] += 1
        if self.asked[asked.path] == 1:
            return Answer(pieces=pieces(stream(list(CORPUS.values())[int(asked.path.split("/")[1])])))
        self.returned.setdefault(asked.path, asked.last_event_id)
        return Answer(204, headers={})


@pytest.fixture(scope="module")
def read(chromium: Browser) -> Iterator[dict[tuple[str, str], tuple[list[Any], str]]]:
    """Read every stream by each transport, all at once, because most of the time is waiting."""
    answers = Answers()
    with client_server(answers) as url:
        page = chromium.new_page()
        page.goto(url)
        subscribed = {
            (transport, name): Subscribed(
                page,
                url=f"{url}/stream/{transport}/{index}",
                eventTypes=sorted({"message"} | {event["type"] for event in case["events"]}),
                transport=transport,
                shared=False,
                heartbeatSeconds=600,  # a browser opens only a few connections to one host at a time
            )
            for transport in ("eventsource", "fetch")
            for index, (name, case) in enumerate(CORPUS.items())
        }
        for each in subscribed.values():
            each.reaches("closed")
        indexes = {name: index for index, name in enumerate(CORPUS)}
        yield {
            (transport, name): (each.calls("event"), answers.returned[f"{transport}/{indexes[name]}"])
            for (transport, name), each in subscribed.items()
        }
        page.close()


@each_transport
@each_stream
def test_client_reads_a_stream_and_returns_with_its_last_id(
    read: dict[tuple[str, str], tuple[list[Any], str]], transport: str, name: str
) -> None:
    case = CORPUS[name]
    events, returned = read[transport, name]
    received = [{"type": event["type"], "id": event["id"], "data": event["rawData"]} for event in events]
    assert received == case["events"]
    # Our streams never reset an id, so the client by fetch keeps the one that it had.
    if transport == "eventsource" or case["lastEventId"]:
        assert returned == case["lastEventId"]


@each_transport
@pytest.mark.parametrize(
    ("status", "media_type", "detail"),
    [
        (200, "text/event-stream", None),
        (200, "text/event-stream;", None),
        (200, "Text/Event-Stream; charset=utf-8", None),
        (200, "text/x-bogus", "200: this is not an event stream, but text/x-bogus."),
        (200, "text/event-streams", "200: this is not an event stream, but text/event-streams."),
        (200, "", "200: this is not an event stream, but of no type."),
        (201, "text/event-stream", "201: this is not an event stream, but text/event-stream."),
        (206, "text/event-stream", "206: this is not an event stream, but text/event-stream."),
        (299, "text/event-stream", "299: this is not an event stream, but text/event-stream."),
        (404, "text/event-stream", "404: this is not an event stream, but text/event-stream."),
        (503, "text/event-stream", "503: this is not an event stream, but text/event-stream."),
    ],
)
def test_only_an_event_stream_is_read_and_the_client_returns_after_a_refusal(
    page: Page, transport: str, status: int, media_type: str, detail: str | None
) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    requests: list[Asked] = []

    def answer(asked: Asked) -> Answer:
        requests.append(asked)
        # An EventSource hides why it was refused, so the client asks again by fetch at once.
        if len(requests) <= (2 if transport == "eventsource" and detail else 1):
            return Answer(status, ("retry: 10\ndata: п\n\n".encode(),), headers)
        return Answer(pieces=(b'event: stream.closing\ndata: {"reason":"end"}\n\n',))

    with client_server(answer) as url:
        page.goto(url)
        subscribed = Subscribed(page, url=f"{url}/stream/x", eventTypes=["x"], transport=transport, shared=False)
        subscribed.reaches("closed")
        assert [event["rawData"] for event in subscribed.calls("event")] == ([] if detail else ["п"])
        assert [error["message"] for error in subscribed.calls("error")] == ([detail] if detail else [])
        reasons = [state.get("reason") for state in subscribed.calls("state") if state["state"] == "reconnecting"]
        assert reasons == (["refused"] if detail else ["lost"])


@each_transport
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(page: Page, transport: str, status: int) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.path == "moved":
            return Answer(status, headers={"Location": "/stream/here", "Content-Length": "0"})
        return Answer(pieces=(b'data: 1\n\nevent: stream.closing\ndata: {"reason":"end"}\n\n',))

    with client_server(answer) as url:
        page.goto(url)
        subscribed = Subscribed(page, url=f"{url}/stream/moved", eventTypes=["x"], transport=transport, shared=False)
        subscribed.reaches("closed")
        assert [event["data"] for event in subscribed.calls("event")] == [1]


def test_a_stream_is_utf_8_whatever_its_charset_says(page: Page) -> None:
    # The standard allows UTF-8 only. Chromium's EventSource refuses such a stream, so this is about fetch only.
    def answer(_asked: Asked) -> Answer:
        headers = {"Content-Type": "text/event-stream; charset=windows-1251"}
        return Answer(200, ('data: п\n\nevent: stream.closing\ndata: {"reason":"end"}\n\n'.encode(),), headers)

    with client_server(answer) as url:
        page.goto(url)
        subscribed = Subscribed(page, url=f"{url}/stream/x", transport="fetch", shared=False)
        subscribed.reaches("closed")
        assert [event["rawData"] for event in subscribed.calls("event")] == ["п"]
