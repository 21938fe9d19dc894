"""A deploy: each subscription is sent its closing, then the connection ends with 1012, and the process exits with code 0."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import httpx
import pytest

from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled, new_order, publish, read_page
from tests.transports.http.wire import PATIENCE_SECONDS
from tests.transports.websocket.conversations import conversation
from tests.transports.websocket.raw_socket import RawSocket

EXIT_SECONDS = 90  # a drain takes five at most, and what it must not wait for never ends


@pytest.fixture
def server() -> Iterator[ServerProcess]:
    with ServerProcess("--store", "memory:", *QUICK) as running:
        yield running
    assert "Traceback" not in "".join(running.output)


@pytest.mark.parametrize("subscriptions", [0, 1, 3, 32])
def test_each_subscription_is_sent_its_closing_before_the_connection_ends(
    server: ServerProcess, subscriptions: int
) -> None:
    with conversation(server) as talk:
        for number in range(1, subscriptions + 1):
            talk.ask("subscribe", subscription=number)
        talk.ask("ping")
        server.signal(signal.SIGTERM)
        closings = [talk.read() for _ in range(subscriptions)]
        assert {each["subscription"]: (each["type"], each["reason"]) for each in closings} == dict.fromkeys(
            range(1, subscriptions + 1), ("closing", "drain")
        )
        assert talk.close_code() == 1012
    assert server.wait(EXIT_SECONDS) == 0


def test_events_that_were_sent_before_the_signal_are_answered_before_the_end(server: ServerProcess) -> None:
    order = new_order()
    with conversation(server) as talk:
        talk.ask("subscribe", subscription=1, orderId=[order])
        for request in range(1, 6):
            talk.say("publish", request=request, events=[cancelled(order) for _ in range(1000)])
        first = talk.read()
        server.signal(signal.SIGTERM)
        messages = [first]
        while messages[-1]["type"] != "closing":
            messages.append(talk.read())
        answered = [each for each in messages if each["type"] in ("published", "error")]
        while len(answered) < 5:
            answered.append(talk.read())
        assert [each["request"] for each in answered] == [1, 2, 3, 4, 5]
        assert all(each["type"] == "published" or each["problem"]["status"] == 503 for each in answered)
        assert talk.close_code() == 1012
    assert server.wait(EXIT_SECONDS) == 0


def test_client_that_reads_nothing_and_one_that_does_not_close_hold_up_nothing(server: ServerProcess) -> None:
    with (
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as http,
        RawSocket(server.port, receive_buffer=4096) as stalled,
        RawSocket(server.port) as open_for_ever,
    ):
        for client in (stalled, open_for_ever):
            client.say(type="subscribe", subscription=1)
            assert client.message()["type"] == "checkpoint"
        ids = [id for _ in range(15) for id in publish(http, *(cancelled(reason="x" * 500) for _ in range(1000)))]
        assert read_page(http, lastEventId=ids[-2])["lastEventId"] == ids[-1]
        read: list[str] = []
        while len(read) < len(ids):
            read += [each["id"] for each in open_for_ever.message().get("events", ())]
        server.signal(signal.SIGTERM)
        assert open_for_ever.message() == {"type": "closing", "subscription": 1, "reason": "drain"}
        assert open_for_ever.close_code() == 1012
        assert server.wait(EXIT_SECONDS) == 0
