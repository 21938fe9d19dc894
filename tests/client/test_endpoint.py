"""Addresses of servers, and proxies: those in the environment are for other machines only."""

from __future__ import annotations

import pytest

from app.client.endpoint import checked_url
from tests.cli.scripted_server import Answer, ScriptedServer
from tests.client.kinds import Kind

NOTHING = Answer(204)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    """A proxy that the environment names."""
    proxy = ScriptedServer(NOTHING)
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    return proxy


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_reached_without_a_proxy(client: Kind, proxy: ScriptedServer, host: str) -> None:
    with proxy, ScriptedServer(NOTHING) as server:
        assert client.read(server.url.replace("127.0.0.1", host), follow=False) == []
    assert (len(proxy.asked), len(server.asked)) == (0, 1)


def test_other_machine_is_reached_through_the_proxy(client: Kind, proxy: ScriptedServer) -> None:
    with proxy:
        assert client.read("http://orders.invalid", follow=False) == []
    assert [asked.headers["Host"] for asked in proxy.asked] == ["orders.invalid"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "https://orders.example/behind/a/proxy", "http://[::1]:80"])
def test_slash_at_the_end_of_an_address_is_ignored(url: str) -> None:
    assert checked_url(url) == checked_url(f"{url}/") == url


@pytest.mark.parametrize(
    "url", ["", "orders.example", "ftp://127.0.0.1", "http://", "http://h:port", "http://h/?a", "http://h/#a"]
)
def test_text_that_is_not_an_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not a URL such as"):
        checked_url(url)
