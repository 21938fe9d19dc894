"""The pages are served as a web server serves files, and everything else is left to the application behind them."""

from __future__ import annotations

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from app.pages.application import Pages
from app.pages.site import File
from app.transports.http.document import ProblemType

PROBLEM = ProblemType("/problems/method-not-allowed", "Method not allowed", 405)
SITE = {
    "docs": File(b"<p>Guide</p>", "text/html; charset=utf-8"),
    "docs/assets/docs.css": File(b"p {}", "text/css; charset=utf-8", "default-src 'none'"),
}


@pytest.fixture
def client() -> TestClient:
    return TestClient(Pages(PlainTextResponse("behind"), SITE, PROBLEM))


def test_page_is_served_with_what_a_browser_needs_to_know(client: TestClient) -> None:
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
def test_page_that_a_client_has_is_not_sent_again(client: TestClient, form: str) -> None:
    etag = client.get("/docs").headers["etag"]
    response = client.get("/docs", headers={"If-None-Match": form.format(etag=etag)})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == etag


def test_page_that_has_changed_is_sent(client: TestClient) -> None:
    assert client.get("/docs", headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get("/docs").headers["etag"] != client.get("/docs/assets/docs.css").headers["etag"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_a_problem(client: TestClient, method: str) -> None:
    response = client.request(method, "/docs")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        **PROBLEM._asdict(),
        "detail": "A page can only be read; the Allow header names the methods.",
    }


@pytest.mark.parametrize(
    "path", ["/", "/events/orders", "/docs/unknown", "/docs/assets/", "/docs/assets/../docs", "/Docs"]
)
def test_what_is_no_page_is_passed_on(client: TestClient, path: str) -> None:
    assert client.get(path).text == "behind"
    assert client.post(path).text == "behind"


def test_trailing_slash_leads_to_the_guide_below_any_prefix(client: TestClient) -> None:
    response = client.get("/docs/", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (308, "../docs")
    assert client.get("/docs/").content == b"<p>Guide</p>"


def test_pages_are_found_below_a_root_path() -> None:
    client = TestClient(Pages(PlainTextResponse("behind"), SITE, PROBLEM), root_path="/orders")
    assert client.get("/orders/docs").content == b"<p>Guide</p>"
