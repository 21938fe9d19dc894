"""The documentation in a real browser: desktop and phone, light and dark, on a server and as files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from app.pages.site_files import find_explorer
from app.pages.site_paths import Layout
from tests.browser.axe import findings
from tests.browser.watching import Watched, watching
from tests.pages.contract import pages, site
from tests.support.server_process import ServerProcess
from tests.support.threaded import serving

ONE_OF_EACH_KIND = (
    "docs",
    "docs/clients",
    "docs/changes",
    "docs/events",
    "docs/reference",
    "docs/try",
    "problems",
    "problems/contract-violation",
)
OF_TEXT = ("docs/grpc", "docs/settings", "docs/operate", "docs/nodes")
"""Pages whose parts are all on others, too: once, in one of the ways; tests/torture looks at all pages in all ways."""
SERVED = sorted(name for name in pages() if name != "docs/explorer")
FILES = sorted(pages(Layout.FILES))
MOST_DASHBOARD_REQUESTS = 12
LONG = ("docs/events", "docs/reference")
CONTRASTS = ["color-contrast", "link-in-text-block"]  # names of rules of axe
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
DESKTOP, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=390, height=844)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("--store", "memory:", "--source", "simulator:50") as server:
        yield server


@pytest.fixture
def watched(page: Page) -> Watched:
    watched = Watched()
    watched.watch(page)
    return watched


@pytest.fixture(scope="module")
def desk(chromium: Browser) -> Iterator[Page]:
    """A page for all tests that only look at documents, because a new page takes longer than a look."""
    page = chromium.new_page(viewport=DESKTOP)
    yield page
    page.close()


@pytest.fixture(scope="module")
def phone(chromium: Browser) -> Iterator[Page]:
    """The same on a phone."""
    page = chromium.new_page(viewport=PHONE, is_mobile=True, has_touch=True)
    yield page
    page.close()


@pytest.mark.parametrize("name", SERVED)
def test_page_fits_a_phone_loads_nothing_from_other_hosts_and_has_no_errors(
    server: ServerProcess, phone: Page, name: str
) -> None:
    with watching(phone) as watched:
        phone.goto(f"{server.url}/{name}")
        assert phone.locator("h1").count() == 1
        content, screen = phone.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert content <= screen == PHONE["width"]
    assert len(watched.requests) >= 3
    assert watched.stayed_with(f"{server.url}/"), watched.requests
    assert watched.errors == []


def test_dashboard_asks_for_few_files(server: ServerProcess, page: Page, watched: Watched) -> None:
    page.goto(server.url)
    expect(page.locator("#orders tr").first).to_be_attached()  # a shared worker has followed the stream
    assert "dashboard/bundle.js" in str(watched.requests)
    asked = {each.partition("?")[0] for each in watched.requests}  # on a slow machine it asks for new numbers meanwhile
    assert len(asked) <= MOST_DASHBOARD_REQUESTS
    assert watched.errors == []


def checks(name: str) -> Iterator[tuple[ViewportSize, Scheme, dict[str, object]]]:
    """Yield how to look at a page, with options for axe. Contrasts take it most of the time; in the dark nothing else differs.

    On a phone the contrasts of long pages are not checked again: their colours are those of the desktop, and the parts that only a phone
    shows are on the short pages too.
    """
    is_short = name not in LONG
    yield DESKTOP, "light", {}
    yield DESKTOP, "dark", {"runOnly": CONTRASTS}
    yield PHONE, "light", {"rules": {rule: {"enabled": is_short} for rule in CONTRASTS}}
    if is_short:
        yield PHONE, "dark", {"runOnly": CONTRASTS}


def test_pages_are_accessible(server: ServerProcess, chromium: Browser) -> None:
    page = chromium.new_page(bypass_csp=True)
    found = []
    for name in ONE_OF_EACH_KIND:
        page.goto(f"{server.url}/{name}")
        if name == "docs":  # the search is the same on every page
            page.get_by_role("button", name="Search").click()
            page.keyboard.type("order")
            expect(page.locator("#search-results li")).to_have_count(20)
        for size, scheme, options in checks(name):
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            found += [(name, size, scheme, each) for each in findings(page, options)]
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light")
    for name in OF_TEXT:
        page.goto(f"{server.url}/{name}")
        found += [(name, DESKTOP, "light", each) for each in findings(page)]
    page.close()
    assert found == []


def test_dark_and_light_differ(server: ServerProcess, page: Page) -> None:
    page.goto(f"{server.url}/docs")
    colours = set()
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        colours.add(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    assert len(colours) == 2


def test_print_has_no_navigation_and_shows_folded_parts(server: ServerProcess, page: Page) -> None:
    page.goto(f"{server.url}/docs/events")
    refused = page.get_by_text("must have the property 'when'").first
    expect(refused).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator("header.site")).to_be_hidden()
    expect(page.locator("#contents")).to_be_hidden()
    expect(refused).to_be_visible()


def test_contents_are_beside_the_text_and_on_a_phone_behind_a_button(server: ServerProcess, page: Page) -> None:
    page.set_viewport_size(DESKTOP)
    page.goto(f"{server.url}/docs/reference")
    contents, button = page.locator("#contents"), page.get_by_role("button", name="On this page")
    expect(contents).to_be_visible()
    expect(button).to_be_hidden()
    page.set_viewport_size(PHONE)
    expect(contents).to_be_hidden()
    button.click()
    contents.get_by_role("link", name="GET /metrics").click()
    expect(contents).to_be_hidden()
    expect(page.locator("#getMetrics")).to_be_in_viewport()


def test_contents_mark_the_section_that_is_visible(server: ServerProcess, page: Page) -> None:
    page.goto(f"{server.url}/docs/events#stream.gap")
    expect(page.locator("#contents [aria-current]")).to_have_text("stream.gap")
    page.goto(f"{server.url}/docs/events#order.shipped")
    expect(page.locator("#contents [aria-current]")).to_have_text("order.shipped")


def test_keyboard_reaches_the_content_past_the_navigation(server: ServerProcess, page: Page) -> None:
    page.goto(f"{server.url}/docs")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_copy_button_copies_the_code_with_the_address_of_this_server(server: ServerProcess, chromium: Browser) -> None:
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.clock.install(time=0)
    page.goto(f"{server.url}/docs")
    page.clock.pause_at(60)  # else the button might say Copy again before it is looked at
    block = page.locator(".copyable", has_text="curl").first
    block.hover()
    block.get_by_role("button", name="Copy").click()
    expect(block.get_by_role("button")).to_have_text("Copied")
    copied, shown = page.evaluate("navigator.clipboard.readText()"), block.locator("code").text_content()
    context.close()
    assert copied == shown
    assert copied.startswith(f"curl -N '{server.url}/events/orders'")


@pytest.mark.parametrize("allowed", [True, False], ids=["copies", "selects"])
def test_copy_button_works_on_pages_that_may_not_write_to_the_clipboard(
    server: ServerProcess, page: Page, allowed: bool
) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")  # as on http
    page.add_init_script(
        f"const was = document.execCommand; document.execCommand = (...a) => {str(allowed).lower()} && was.apply(document, a)"
    )
    page.clock.install(time=0)
    page.goto(f"{server.url}/docs/try")
    page.clock.pause_at(60)
    page.locator(".copyable .copy").click()
    expect(page.locator(".copy")).to_have_text("Copied" if allowed else "Selected: press Ctrl-C")
    shown = page.locator("#command").inner_text()
    assert page.evaluate("getSelection().toString()") == shown
    if allowed:
        page.locator("#publish-body").fill("")
        page.locator("#publish-body").press("Control+V")
        assert page.locator("#publish-body").input_value() == shown


def test_command_that_resumes_has_the_id_of_the_newest_event(server: ServerProcess, page: Page) -> None:
    page.goto(f"{server.url}/docs")
    expect(page.locator(".resumes")).to_contain_text("newest event")
    (resume,) = [text for text in page.locator("pre.code").all_text_contents() if "Last-Event-ID" in text]
    last_id = resume.partition("Last-Event-ID: ")[2].partition("'")[0]
    answer = page.request.get(
        f"{server.url}/events/orders?lastEventId={last_id}", headers={"Accept": "application/json"}
    )
    assert answer.status == 200  # an id of another log is a 410


def test_command_that_resumes_says_what_happens_if_its_id_is_an_example(server: ServerProcess, page: Page) -> None:
    page.route("**/events/orders*", lambda route: route.abort())
    page.goto(f"{server.url}/docs")
    expect(page.locator(".resumes")).to_contain_text("The id is an example.")


# Search


def test_search_by_keyboard_leads_to_a_section_of_another_page(
    server: ServerProcess, page: Page, watched: Watched
) -> None:
    page.goto(f"{server.url}/docs")
    page.keyboard.press("/")
    field, results = page.get_by_role("searchbox"), page.locator("#search-results li")
    expect(field).to_be_focused()
    page.keyboard.type("retain-seconds")
    expect(results.first).to_contain_text("--retain-seconds")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(results.first.get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server.url}/docs/settings#retain-seconds")
    page.keyboard.press("Control+k")
    page.keyboard.type("zzzz")
    expect(page.locator("#search-outcome")).to_have_text("Nothing is found.")
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    assert watched.errors == []


TYPE_AS_SOON_AS_THE_SEARCH_OPENS = """
new Promise((reported) => {
  const panel = document.getElementById('search');
  panel.addEventListener('toggle', () => reported(), { once: true });
  panel.showPopover();
  document.execCommand('insertText', false, 'or');
})
"""


def test_search_keeps_what_is_typed_before_the_browser_reports_that_it_is_open(
    server: ServerProcess, page: Page
) -> None:
    page.goto(f"{server.url}/docs/events")
    page.evaluate(TYPE_AS_SOON_AS_THE_SEARCH_OPENS)
    page.keyboard.type("der.cancelled")
    expect(page.get_by_role("searchbox")).to_have_value("order.cancelled")


def test_search_that_is_opened_again_replaces_the_words_of_before(server: ServerProcess, page: Page) -> None:
    page.goto(f"{server.url}/docs/events")
    for words in ("order.cancelled", "schema"):
        page.keyboard.press("Control+k")
        page.keyboard.type(words)
        expect(page.get_by_role("searchbox")).to_have_value(words)
        page.keyboard.press("Escape")


OPEN_AGAIN_AT_ONCE = """
(() => {
  const panel = document.getElementById('search');
  const ask = () => dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true }));
  ask();
  document.execCommand('insertText', false, 'before');
  panel.hidePopover();
  ask();
  document.execCommand('insertText', false, 'now');
})()
"""


def test_search_that_is_opened_again_at_once_replaces_the_words_too(server: ServerProcess, page: Page) -> None:
    page.goto(f"{server.url}/docs/events")
    page.evaluate(OPEN_AGAIN_AT_ONCE)
    expect(page.get_by_role("searchbox")).to_have_value("now")


def test_search_in_the_page_that_is_open_closes_and_moves_to_the_section(server: ServerProcess, page: Page) -> None:
    page.goto(f"{server.url}/docs/events")
    page.get_by_role("button", name="Search").click()
    page.keyboard.type("order.cancelled")
    expect(page.locator("#search-results mark").first).to_have_text("order.cancelled")
    page.keyboard.press("Enter")
    expect(page.locator("#search")).to_be_hidden()
    expect(page.locator("[id='order.cancelled']")).to_be_in_viewport()


def test_pages_can_be_read_without_scripts(server: ServerProcess, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.url}/docs/events#order.cancelled")
    expect(page.locator("[id='order.cancelled']")).to_be_in_viewport()
    expect(page.locator("#contents")).to_be_visible()
    context.close()


def test_type_of_a_problem_leads_to_its_page(server: ServerProcess, page: Page) -> None:
    page.goto(f"{server.url}/events/orders?limit=0")
    problem = page.evaluate("JSON.parse(document.body.textContent)")
    page.goto(f"{server.url}{problem['type']}")
    expect(page.locator("h1")).to_contain_text(problem["title"])


# Scalar


@pytest.mark.skipif(find_explorer() is None, reason="flask-openapi3-scalar is not installed.")
def test_explorer_loads_nothing_from_other_hosts_and_shows_the_live_stream(
    server: ServerProcess, page: Page, watched: Watched
) -> None:
    page.goto(f"{server.url}/docs/explorer#tag/events/GET/events/orders")
    page.get_by_role("button", name="Test Request").first.click()
    page.locator(".scalar-app").get_by_role("button", name="Send").last.click()
    expect(page.get_by_text("Listening")).to_be_visible()
    expect(page.get_by_text("event: order.shipped").first).to_be_visible()
    assert watched.stayed_with(f"{server.url}/"), watched.requests
    assert watched.errors == []


@pytest.mark.skipif(find_explorer() is None, reason="flask-openapi3-scalar is not installed.")
def test_explorer_that_cannot_start_says_why_and_where_to_read_instead(
    server: ServerProcess, chromium: Browser
) -> None:
    blocked = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('', 'SecurityError'); }})"
    for scripts, reason in ((False, "needs JavaScript"), (True, "keeps pages from storing anything")):
        context = chromium.new_context(java_script_enabled=scripts)
        context.add_init_script(blocked)
        page = context.new_page()
        page.goto(f"{server.url}/docs/explorer")
        note = page.locator(".note:visible")
        expect(note).to_contain_text(reason)
        note.locator("a").click()
        expect(page.locator("h1")).to_have_text("Reference")
        context.close()


# The same pages as files


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    for name, file in site(Layout.FILES).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(file.content)
    return folder


@pytest.mark.parametrize("name", FILES)
def test_file_opens_without_a_server(folder: Path, desk: Page, name: str) -> None:
    with watching(desk) as watched:
        desk.goto((folder / name).as_uri())
        expect(desk.locator("header.site")).to_have_css("position", "sticky")  # the style sheet is there
    assert watched.requests
    assert watched.stayed_with(folder.as_uri()), watched.requests
    assert watched.errors == []


def test_links_between_files_work(folder: Path, page: Page, watched: Watched) -> None:
    page.goto((folder / "index.html").as_uri())
    page.get_by_role("link", name="See the events").click()
    page.get_by_role("link", name="The JSON Schema of order.shipped").first.click()
    page.go_back()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Problems").click()
    page.get_by_role("link", name="Position lost").click()
    expect(page.locator("h1")).to_contain_text("Position lost")
    page.get_by_role("link", name="AsyncAPI 3.1").click()
    assert page.evaluate("JSON.parse(document.body.textContent).asyncapi") == "3.1.0"
    assert watched.errors == []


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_files_on_another_origin_follow_a_server_that_lets_them(folder: Path, page: Page, watched: Watched) -> None:
    with serving(partial(_Quiet, directory=folder)) as origin:
        arguments = ("--store", "memory:", "--source", "simulator:50", "--cors-origin", origin)
        with ServerProcess(*arguments) as server:
            page.goto(f"{origin}/try.html")
            page.get_by_label("Server").fill(server.url)
            page.get_by_role("button", name="Start", exact=True).click()
            expect(page.locator(".frames .order").first).to_be_visible()
            expect(page.locator("#command")).to_contain_text(f"curl -N '{server.url}/events/orders'")
            page.get_by_role("button", name="Stop", exact=True).click()
            page.get_by_label("Transport").select_option("websocket")
            page.get_by_role("button", name="Start", exact=True).click()
            expect(page.locator(".frames .order", has_text='"type":"events"').first).to_be_visible()
            page.get_by_role("button", name="Publish").click()
            expect(page.locator("#published strong")).to_have_text("201")
            page.goto("about:blank")
    assert watched.errors == []
