"""Proxies from the environment are for other machines only."""

from __future__ import annotations

import pytest

from tests.cli.command import run
from tests.cli.scripted_server import Answer, ScriptedServer


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_reached_without_a_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    with ScriptedServer(Answer(204)) as proxy, ScriptedServer(Answer(204)) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        assert run("tail", "--url", server.url.replace("127.0.0.1", host)).code == 0
    assert (len(proxy.asked), len(server.asked)) == (0, 1)


def test_other_machine_is_reached_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(Answer(204)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert run("tail", "--url", "http://orders.invalid").code == 0
    assert [asked.headers["Host"] for asked in proxy.asked] == ["orders.invalid"]


def test_path_of_the_url_is_kept() -> None:
    with ScriptedServer(Answer(204)) as server:
        assert run("tail", "--url", f"{server.url}/behind/a/proxy/").code == 0
    assert [asked.path for asked in server.asked] == ["/behind/a/proxy/events/orders"]
