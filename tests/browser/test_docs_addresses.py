"""Pages show the address at which the browser sees them, also below a path of a proxy."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from app.pages.markup.commands import ORIGIN
from app.pages.site_files import find_explorer
from tests.browser.path_prefix import PREFIX, below_a_path
from tests.pages.contract import pages
from tests.support.server_process import ServerProcess

WITH_COMMANDS = sorted(
    name for name, page in pages().items() if any(ORIGIN in code.text for code in page.all("pre", class_="code"))
)


@pytest.fixture(scope="module")
def prefixed(server: ServerProcess) -> Iterator[str]:
    with below_a_path(server.url) as url:
        yield url


@pytest.fixture
def roots(server: ServerProcess, prefixed: str) -> tuple[str, str]:
    """The two addresses of one server."""
    return server.url, prefixed


def addresses(page: Page) -> set[str]:
    """The addresses in the commands of a page, up to the paths of the server. Those of example.com stand for servers of the reader."""
    code = "\n".join(page.locator("pre.code").all_text_contents())
    found = re.findall(
        r"https?://\S*?(?=/(?:events|event-types|openapi|asyncapi|orders-events|health|metrics|client)\b)", code
    )
    return {each for each in found if not each.endswith("example.com")}


def test_pages_with_commands_are_found() -> None:
    assert {"docs", "docs/events", "docs/reference"} <= set(WITH_COMMANDS)


@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_commands_have_the_address_at_which_the_page_is_seen(roots: tuple[str, str], page: Page, name: str) -> None:
    for root in roots:
        page.goto(f"{root}/{name}")
        expect(page.locator(".copyable .copy").first).to_be_attached()  # the script has run
        assert addresses(page) <= {root}
        assert ORIGIN not in page.locator("main").inner_text()


def test_command_that_is_copied_has_the_address_of_the_page(page: Page, prefixed: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{prefixed}/docs")
    page.locator(".copyable", has_text="curl -N").first.get_by_role("button").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert f"'{prefixed}/events/orders" in page.evaluate("navigator.clipboard.readText()")


def test_page_to_try_shows_the_command_for_its_own_address(page: Page, prefixed: str) -> None:
    page.goto(f"{prefixed}/docs/try")
    expect(page.locator("#command")).to_contain_text(f"curl -N '{prefixed}/events/orders'")


@pytest.mark.skipif(find_explorer() is None, reason="flask-openapi3-scalar is not installed.")
def test_explorer_asks_and_shows_the_address_of_the_page(roots: tuple[str, str], page: Page) -> None:
    for root in roots:
        page.goto(f"{root}/docs/explorer#tag/health/GET/health/live")
        expect(page.locator(".scalar-app").get_by_text(root).first).to_be_visible()
        page.get_by_role("button", name="Test Request").first.click()
        with page.expect_response(lambda response: response.url.endswith("/health/live")) as asked:
            page.locator(".scalar-app").get_by_role("button", name="Send").last.click()
        assert asked.value.url == f"{root}/health/live"
        assert asked.value.status == 200
        assert ORIGIN not in page.locator("body").inner_text()


def test_links_and_problem_pages_stay_below_the_path(page: Page, prefixed: str) -> None:
    page.goto(f"{prefixed}/docs/")
    assert page.url == f"{prefixed}/docs"
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Problems").click()
    page.get_by_role("link", name="Position lost").click()
    assert page.url == f"{prefixed}/problems/position-lost"
    assert PREFIX in page.url
