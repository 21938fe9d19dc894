"""Pages are served like static files; requests for other paths are passed to the application behind them."""

from __future__ import annotations

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from app.pages.site_application import SiteApplication
from app.pages.site_files import File
from app.specification.openapi.statements.problem_types import ProblemType

PROBLEM = ProblemType("/problems/method-not-allowed", "Method not allowed", 405)
LONG = b"<p>" + b"Orders and events. " * 200 + b"</p>"
SITE = {
    "long": File(LONG, "text/html; charset=utf-8"),
    "client.tgz": File(bytes(1000), "application/gzip"),
    "clients/some-1.0.0-py3-none-any.whl": File(bytes(1000), "application/zip"),
    "docs": File(b"<p>Guide</p>", "text/html; charset=utf-8"),
    "docs/assets/docs.css": File(b"p {}", "text/css; charset=utf-8", "default-src 'none'"),
}


@pytest.fixture
def client() -> TestClient:
    return TestClient(SiteApplication(PlainTextResponse("behind"), SITE, PROBLEM))


def test_page_is_served_with_its_type_and_security_headers(client: TestClient) -> None:
    response = client.get("/docs")
    assert (response.status_code, response.content) == (200, b"<p>Guide</p>")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in response.headers["content-security-policy"]


def test_head_has_the_headers_of_get_and_no_body(client: TestClient) -> None:
    head, get = client.head("/docs/assets/docs.css"), client.get("/docs/assets/docs.css")
    assert head.content == b""
    assert head.headers == get.headers
    assert head.headers["content-length"] == "4"
    assert head.headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize("form", ["{etag}", "W/{etag}", '"other", {etag}', "*"])
def test_page_that_a_client_has_cached_is_not_sent_again(client: TestClient, form: str) -> None:
    etag = client.get("/docs").headers["etag"]
    response = client.get("/docs", headers={"If-None-Match": form.format(etag=etag)})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == etag


def test_page_that_has_changed_is_sent(client: TestClient) -> None:
    assert client.get("/docs", headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get("/docs").headers["etag"] != client.get("/docs/assets/docs.css").headers["etag"]


# Compression


@pytest.mark.parametrize(
    ("accept_encoding", "coding"),
    [
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("br, deflate, gzip, zstd", "gzip"),
        ("gzip;q=0.001", "gzip"),
        ("gzip; q=0.5, identity; q=0.5", "gzip"),
        ("*", "gzip"),
        ("identity;q=0, *;q=0.1", "gzip"),
        ("br, *;q=0", None),
        ("gzip;q=0", None),
        ("gzip;q=0.000, *", None),
        ("gzip;q=0.5, identity;q=0.6", None),
        ("gzip;q=0.5, identity", None),
        ("gzip;q=2", None),
        ("gzip;q=", None),
        ("gzipped", None),
        ("x-gzip-2", None),
        ("identity", None),
        ("identity;q=0", None),
        ("br", None),
        ("", None),
    ],
)
def test_page_is_compressed_for_a_client_that_prefers_that(
    client: TestClient, accept_encoding: str, coding: str | None
) -> None:
    response = client.get("/long", headers={"Accept-Encoding": accept_encoding})
    assert (response.status_code, response.content) == (200, LONG)
    assert response.headers.get("content-encoding") == coding
    assert response.headers["vary"] == "Accept-Encoding"
    assert (int(response.headers["content-length"]) < len(LONG) / 10) == (coding is not None)


def test_page_is_not_compressed_if_the_client_names_no_coding(client: TestClient) -> None:
    del client.headers["accept-encoding"]
    response = client.get("/long")
    assert response.content == LONG
    assert "content-encoding" not in response.headers


def test_coding_may_be_named_in_a_second_header(client: TestClient) -> None:
    del client.headers["accept-encoding"]
    response = client.get("/long", headers=[("Accept-Encoding", "br"), ("Accept-Encoding", "gzip")])
    assert response.headers["content-encoding"] == "gzip"


def test_each_form_of_a_page_has_a_tag_of_its_own_and_is_not_sent_again(client: TestClient) -> None:
    forms = ["gzip", "identity"]
    tags = [client.get("/long", headers={"Accept-Encoding": form}).headers["etag"] for form in forms]
    assert tags[0] != tags[1]
    for form in forms:
        for tag in tags:
            answer = client.get("/long", headers={"Accept-Encoding": form, "If-None-Match": tag})
            assert answer.status_code == (304 if tag == tags[forms.index(form)] else 200)
            assert answer.headers["vary"] == "Accept-Encoding"
            assert answer.headers["etag"] == tags[forms.index(form)]
            assert answer.status_code == 200 or "content-encoding" not in answer.headers


def test_head_of_a_compressed_page_has_the_headers_of_get(client: TestClient) -> None:
    head, get = (client.request(method, "/long", headers={"Accept-Encoding": "gzip"}) for method in ("HEAD", "GET"))
    assert head.headers == get.headers
    assert head.content == b""


def test_page_is_not_compressed_if_that_does_not_make_it_smaller(client: TestClient) -> None:
    response = client.get("/docs", headers={"Accept-Encoding": "gzip"})
    assert response.content == b"<p>Guide</p>"
    assert "content-encoding" not in response.headers
    assert response.headers["etag"] == client.get("/docs", headers={"Accept-Encoding": "identity"}).headers["etag"]


@pytest.mark.parametrize("path", ["/client.tgz", "/clients/some-1.0.0-py3-none-any.whl"])
def test_archive_is_not_compressed_again(client: TestClient, path: str) -> None:
    response = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert response.content == bytes(1000)
    assert not {"content-encoding", "vary"} & set(response.headers)


def test_address_without_a_version_leads_to_the_wheel(client: TestClient) -> None:
    response = client.get("/client.whl", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (307, "clients/some-1.0.0-py3-none-any.whl")
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_a_problem(client: TestClient, method: str) -> None:
    response = client.request(method, "/docs")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        **PROBLEM._asdict(),
        "detail": "A page can only be read; the Allow header lists the methods.",
    }


@pytest.mark.parametrize(
    "path", ["/", "/events/orders", "/docs/unknown", "/docs/assets/", "/docs/assets/../docs", "/Docs"]
)
def test_other_paths_are_passed_on(client: TestClient, path: str) -> None:
    assert client.get(path).text == "behind"
    assert client.post(path).text == "behind"


def test_trailing_slash_leads_to_the_guide_below_any_prefix(client: TestClient) -> None:
    response = client.get("/docs/", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (308, "../docs")
    assert client.get("/docs/").content == b"<p>Guide</p>"


def test_pages_are_found_below_a_root_path() -> None:
    client = TestClient(SiteApplication(PlainTextResponse("behind"), SITE, PROBLEM), root_path="/orders")
    assert client.get("/orders/docs").content == b"<p>Guide</p>"
