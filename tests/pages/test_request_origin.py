"""Commands on the pages have the origin that the client asked under, if its Host header is well formed."""

from __future__ import annotations

import re
import socket

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from app.pages.markup.commands import ORIGIN
from app.pages.representations import MOST_KEPT
from app.pages.request_origin import request_origin
from app.pages.site_application import SiteApplication
from app.pages.site_files import File
from app.specification.openapi.statements.problem_types import ProblemType
from tests.pages.contract import read
from tests.support.server_process import ServerProcess

HTML = "text/html; charset=utf-8"
COMMAND = f"<p>curl '{ORIGIN}/events/orders'</p>".encode()


def origin(*hosts: str, scheme: str = "http") -> str:
    headers = [(b"host", host.encode("latin-1")) for host in hosts]
    return request_origin({"type": "http", "scheme": scheme, "headers": headers})


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("localhost", "http://localhost"),
        ("orders.example:80", "http://orders.example"),
        ("orders.example:443", "http://orders.example:443"),
        ("Orders.Example:8080", "http://orders.example:8080"),
        ("orders-1.my_net.example.", "http://orders-1.my_net.example."),
        ("[::1]:8000", "http://[::1]:8000"),
        ("[2001:DB8::1]", "http://[2001:db8::1]"),
    ],
)
def test_well_formed_host_is_shown(host: str, shown: str) -> None:
    assert origin(host) == shown


def test_scheme_is_that_of_the_request() -> None:
    assert origin("orders.example:443", scheme="https") == "https://orders.example"
    assert origin("orders.example:80", scheme="https") == "https://orders.example:80"


@pytest.mark.parametrize(
    "host",
    [
        *("", " ", ".", "-a", "a b", "a\tb", "a/b", "a?b", "a#b", "user@a", "a:b", "a:", "a:0", "a:65536", "a:123456"),
        *("a'b", 'a"b', "a<b", "a&b", "a;b", "a$(b)", "a`b`", "a\\b", "a%41", "a,b", "\xe4.example"),
        *("[::1", "::1", "[]", "[:::]", "[::1%25eth0]", "[127.0.0.1]", "[1.2]", "[::1]x", "a" * 300),
    ],
)
def test_host_that_is_not_well_formed_is_not_shown(host: str) -> None:
    assert origin(host) == ORIGIN


def test_without_one_host_the_default_is_shown() -> None:
    assert origin() == ORIGIN
    assert origin("a.example", "b.example") == ORIGIN
    assert origin("a.example", scheme="gopher") == ORIGIN


@pytest.fixture
def client() -> TestClient:
    site = {
        "docs": File(COMMAND * 20, HTML),
        "plain": File(b"<p>Guide</p>", HTML),
        "docs.js": File(COMMAND, "text/javascript"),
    }
    refused = ProblemType("/problems/method-not-allowed", "Method not allowed", 405)
    return TestClient(SiteApplication(PlainTextResponse("behind"), site, refused))


def test_each_origin_of_a_page_has_a_tag_of_its_own_in_each_coding(client: TestClient) -> None:
    forms = [(host, coding) for host in ("a.example", "b.example:81", "no host") for coding in ("gzip", "identity")]
    answers = [client.get("/docs", headers={"Host": host, "Accept-Encoding": coding}) for host, coding in forms]
    tags = [answer.headers["etag"] for answer in answers]
    assert len(set(tags)) == len(forms)
    shown = [next(iter(re.findall(r"curl '(http://[^/]*)/", answer.text))) for answer in answers]
    assert shown == ["http://a.example"] * 2 + ["http://b.example:81"] * 2 + [ORIGIN] * 2
    for (host, coding), tag in zip(forms, tags, strict=True):
        headers = {"Host": host, "Accept-Encoding": coding, "If-None-Match": tag}
        assert client.get("/docs", headers=headers).status_code == 304
        assert client.get("/docs", headers={**headers, "Host": "c.example"}).status_code == 200


def test_files_without_an_address_are_the_same_for_every_host(client: TestClient) -> None:
    for path in ("/plain", "/docs.js"):
        tags = {client.get(path, headers={"Host": host}).headers["etag"] for host in ("a.example", "b.example")}
        assert len(tags) == 1


def test_many_different_hosts_do_not_fill_the_memory(client: TestClient) -> None:
    for number in range(50):
        assert f"http://h{number}.example/" in client.get("/docs", headers={"Host": f"h{number}.example"}).text
    application = client.app
    assert isinstance(application, SiteApplication)
    assert len(application._site["/docs"]._kept) == MOST_KEPT


def exchanged(server: ServerProcess, request: str) -> str:
    """Send a request exactly as written, and return the whole response."""
    address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(request.encode("latin-1"))
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received.decode()


def commands(answer: str) -> set[str]:
    html = read(answer.partition("\r\n\r\n")[2])
    return set(re.findall(r"https?://[^/']*(?=/events/orders)", html.text))


def test_commands_of_a_real_server_have_the_host_of_the_request(server: ServerProcess) -> None:
    for host in ("localhost", "[::1]:81", server.url.removeprefix("http://")):
        answer = exchanged(server, f"GET /docs HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        assert commands(answer) == {f"http://{host}"}


def test_commands_of_a_real_server_have_the_default_without_a_host(server: ServerProcess) -> None:
    assert commands(exchanged(server, "GET /docs HTTP/1.0\r\n\r\n")) == {ORIGIN}


def test_public_url_is_shown_whatever_the_host_of_the_request() -> None:
    refused = ProblemType("/problems/method-not-allowed", "Method not allowed", 405)
    url = "https://example.com/orders"
    site = SiteApplication(PlainTextResponse("behind"), {"docs": File(COMMAND, HTML)}, refused, public_url=url)
    for host in ("localhost:8000", "example.com"):
        assert f"curl '{url}/events/orders" in TestClient(site).get("/docs", headers={"Host": host}).text
