"""The token function of the browser client: asked before each connection, and again if a token is not accepted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Error, Page

from tests.browser.client_server import Answer, Asked, client_server
from tests.browser.publishing import Publishing
from tests.browser.socket_server import Peer, socket_server
from tests.browser.subscribing import Subscribed
from tests.transports.http.orders import eventually, shipped

END = b'event: stream.closing\ndata: {"reason":"end"}\n\n'
EXPIRED = b'retry: 10\nevent: stream.closing\ndata: {"reason":"token_expired"}\n\n'
REFUSED = Answer(401, (b'{"status": 401, "detail": "No."}',), {"Content-Type": "application/problem+json"})


class Script:
    """The answers to requests for a stream, in order; `sent` has the `Authorization` of each request."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.sent: list[str | None] = []

    def answer(self, asked: Asked) -> Answer:
        self.sent.append(asked.headers.get("authorization"))
        return self.answers.pop(0)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Script]]:
    script = Script()
    with client_server(script.answer) as url:
        yield url, script


@pytest.fixture
def script(served: tuple[str, Script]) -> Script:
    served[1].sent.clear()
    return served[1]


@pytest.fixture
def tab(page: Page, served: tuple[str, Script]) -> Page:
    page.goto(served[0])
    return page


def bearer(*numbers: int) -> list[str]:
    return [f"Bearer token-{each}" for each in numbers]


def tokens(count: int) -> list[str]:
    return [f"token-{each}" for each in range(1, count + 1)]


def test_each_connection_has_a_token_of_its_own_and_a_refused_one_is_replaced_at_once(
    tab: Page, script: Script
) -> None:
    script.answers = [Answer(pieces=(EXPIRED,)), REFUSED, Answer(pieces=(EXPIRED,)), Answer(pieces=(END,))]
    subscribed = Subscribed(tab, url="/stream/x", tokens=tokens(4))
    subscribed.reaches("closed")
    assert script.sent == bearer(1, 2, 3, 4)
    assert subscribed.calls("error") == []
    assert not any(state["shared"] for state in subscribed.calls("state"))


def test_second_refusal_running_is_an_error_and_the_client_returns(tab: Page, script: Script) -> None:
    script.answers = [Answer(pieces=(EXPIRED,)), REFUSED, REFUSED, Answer(pieces=(END,))]
    subscribed = Subscribed(tab, url="/stream/x", tokens=tokens(4))
    subscribed.reaches("closed")
    assert script.sent == bearer(1, 2, 3, 4)
    assert [error["status"] for error in subscribed.calls("error")] == [401]


def test_token_function_that_throws_is_called_again_later(tab: Page, script: Script) -> None:
    script.answers = [Answer(pieces=(END,))]
    tab.evaluate(
        """async () => {
          const { subscribe } = await import(new URL('/client.js', location.href));
          const answers = [() => { throw new Error('Nobody has signed in.'); }, () => 'token-1'];
          window.seen = [];
          const note = (value) => void seen.push(value.state ? `${value.state} ${value.reason}` : value.message);
          const options = { url: '/stream/x', token: () => answers.shift()() };
          window.own = subscribe(options, { onState: note, onError: note });
        }"""
    )
    assert eventually(lambda: "reconnecting token" in tab.evaluate("seen"))
    assert "Nobody has signed in." in tab.evaluate("seen")
    tab.evaluate("void dispatchEvent(new Event('online'))")
    assert eventually(lambda: tab.evaluate("own.state") == "closed")
    assert script.sent == bearer(1)


@pytest.mark.parametrize("options", ["{ token: 'text' }", "{ token: () => '', transport: 'eventsource' }"])
def test_token_that_would_not_be_sent_is_a_type_error(tab: Page, options: str) -> None:
    with pytest.raises(Error, match=r"TypeError: (The token must be a function|An eventsource sends no token)"):
        tab.evaluate(f"async () => (await import(new URL('/client.js', location.href))).subscribe({options})")


def test_token_is_the_first_message_of_a_socket_and_is_replaced_once(tab: Page) -> None:
    first: list[dict[str, object]] = []
    closing = {"type": "closing", "subscription": 1}

    def talk(peer: Peer) -> None:
        first.append(peer.receive())
        assert peer.receive()["type"] == "subscribe"
        if len(first) < 3:
            peer.close(4401)
            return
        peer.send({"type": "checkpoint", "subscription": 1, "lastEventId": "a-1"}, {**closing, "reason": "end"})
        peer.wait_for_end()

    with socket_server(talk) as url:
        refused = Subscribed(tab, url=url, transport="websocket", tokens=tokens(2))
        refused.reaches("closed")
        accepted = Subscribed(tab, url=url, transport="websocket", tokens=["token-3"])
        accepted.reaches("closed")
    assert first == [{"type": "authenticate", "token": each} for each in tokens(3)]
    assert [error["status"] for error in refused.calls("error")] == [401]
    assert accepted.calls("error") == []


def test_events_wait_until_a_token_is_accepted(tab: Page) -> None:
    first: list[dict[str, object]] = []

    def talk(peer: Peer) -> None:
        first.append(peer.receive())
        if len(first) == 1:
            peer.close(4401)
            return
        message = peer.receive()
        event = {"id": "a-1", "eventId": message["events"][0]["eventId"], "duplicate": False}
        peer.send({"type": "published", "request": message["request"], "events": [event]})
        peer.wait_for_end()

    with socket_server(talk) as url:
        publishing = Publishing(tab, url=url, transport="websocket", tokens=tokens(2))
        publishing.publish(shipped("or_1"))
        (result,) = publishing.results()
        tab.evaluate("Object.values(publishers).forEach(({ publisher }) => publisher.close())")
    assert result["published"]["id"] == "a-1"
    assert first == [{"type": "authenticate", "token": each} for each in tokens(2)]
