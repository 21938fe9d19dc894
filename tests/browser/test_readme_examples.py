"""The web pages and the Node program of the READMEs run as they stand there."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import httpx
from playwright.sync_api import Page, expect

from tests.browser.following import published
from tests.browser.watching import Watched
from tests.support.checker import Ledger
from tests.support.programs import needed
from tests.support.publishers import counted, publish_now
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import cancelled, eventually, metric, new_order, publish, shipped, streams_open

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
CLIENT = (ROOT / "app" / "pages" / "client" / "README.md").read_text()


def example(readme: str, *texts: str) -> str:
    """Return the only block of code that contains these texts, whether it is indented or fenced."""
    indented = [dedent(block) for block in re.findall(r"(?<=\n\n)((?: {4}.*\n|\n(?= {4}))+)", readme)]
    fenced = re.findall(r"^```\w+\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    (found,) = {block for block in (*indented, *fenced) if all(text in block for text in texts)}
    return str(found)


def show(page: Page, server: ServerProcess, html: str) -> Watched:
    """Open a page of the server's origin that the server itself does not have."""
    watched = Watched()
    watched.watch(page)
    page.route("**/example", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{server.url}/example")
    return watched


def test_page_with_an_event_source(server: ServerProcess, http: httpx.Client, page: Page) -> None:
    watched = show(page, server, example(README, "<!doctype html>", "new EventSource("))
    assert eventually(lambda: streams_open(http) == 1)
    one, other = new_order(), new_order()
    publish(http, shipped(one), cancelled(other))
    expect(page.locator("li")).to_have_text([f"order.shipped {one}", f"order.cancelled {other}"])
    assert watched.errors == []


def test_page_with_the_client(server: ServerProcess, http: httpx.Client, page: Page) -> None:
    watched = show(page, server, example(CLIENT, "<!doctype html>", "import { subscribe }"))
    expect(page.locator("#state")).to_have_text("open")
    one, other = new_order(), new_order()
    publish(http, shipped(one))
    expect(page.locator("li")).to_have_text([f"order.shipped {one}"])
    page.goto("about:blank")
    publish(http, cancelled(other))
    page.goto(f"{server.url}/example")
    expect(page.locator("li")).to_have_text([f"order.cancelled {other}"])
    assert watched.errors == []


def test_page_that_publishes(server: ServerProcess, http: httpx.Client, page: Page) -> None:
    watched = show(page, server, example(CLIENT, "<!doctype html>", "import { publisher }"))
    order = new_order()
    page.get_by_label("Order").fill(order)
    page.get_by_role("button").click()
    expect(page.locator("#state")).to_contain_text("stored as ")
    (stored,) = published(http, orderId=order)
    expect(page.locator("#state")).to_have_text(f"stored as {stored.id}")
    page.get_by_label("Order").fill("no order")
    page.get_by_role("button").click()
    expect(page.locator("#state")).to_contain_text("422: ")
    page.context.set_offline(True)
    page.get_by_label("Order").fill(order)
    page.get_by_role("button").click()
    expect(page.locator("#state")).to_have_text("1 to send when the network returns")
    page.context.set_offline(False)
    expect(page.locator("#state")).to_contain_text("stored as ")
    assert len(published(http, orderId=order)) == 2
    assert [each for each in watched.errors if "net::" not in each and "422" not in each] == []


def test_page_that_reads_chunk_by_chunk_to_the_end(server: ServerProcess, http: httpx.Client, page: Page) -> None:
    watched = show(page, server, example(CLIENT, "<!doctype html>", "async function* events"))
    assert eventually(lambda: streams_open(http) == 1)
    shown = ""
    for _ in range(10):
        order = new_order()
        publish(http, shipped(order))
        shown += f"order.shipped {order}\n"
        expect(page.locator("#text")).to_contain_text(order)  # while the stream goes on
    expect(page.locator("#text")).to_have_text(f"{shown}That was all.")
    assert watched.errors == []


def test_page_that_reads_chunk_by_chunk_reads_only_when_it_is_ready(
    server: ServerProcess, http: httpx.Client, page: Page
) -> None:
    page.add_init_script("window.requestAnimationFrame = (ready) => { window.ready = ready; }")
    html = example(CLIENT, "<!doctype html>", "async function* events")
    show(page, server, html.replace("limit=10", "limit=1000000&from=earliest"))
    assert eventually(lambda: bool(page.evaluate("Boolean(window.ready)")))
    publish_now(server.events_url, counted(0, 20_000), Ledger(), characters=500)

    def is_held_up() -> bool:
        before = metric(http, "orders_events_stream_lag_events")
        publish(http, shipped())
        return before > 4_000 and metric(http, "orders_events_stream_lag_events") == before + 1

    assert eventually(is_held_up)
    assert page.locator("#text").text_content() == ""


@contextmanager
def running(program: Path) -> Iterator[subprocess.Popen[str]]:
    command = [needed("node"), str(program)]
    with subprocess.Popen(command, cwd=program.parent, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().rstrip() for _ in range(count)]


def test_node_program_goes_on_where_it_was(server: ServerProcess, http: httpx.Client, tmp_path: Path) -> None:
    (command,) = re.findall(r"^    npm (install http://127\.0\.0\.1:8000/\S+)$", CLIENT, re.MULTILINE)
    install = [needed("npm"), *command.replace("http://127.0.0.1:8000", server.url).split(), "--no-audit", "--no-fund"]
    (tmp_path / "package.json").write_text("{}")
    installed = subprocess.run(install, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stderr
    program = tmp_path / "orders.mjs"
    program.write_text(example(CLIENT, "orders-events-client", "last-id").replace("http://127.0.0.1:8000", server.url))

    publish(http, shipped("or_last_before"))
    with running(program) as process:
        assert "order.shipped or_last_before" in iter(lambda: lines(process, 1)[0], "")
        publish(http, shipped("or_1"), cancelled("or_2"))
        assert lines(process, 2) == ["order.shipped or_1", "order.cancelled or_2"]
        process.send_signal(signal.SIGKILL)
    *_, last = publish(http, shipped("or_3"), cancelled("or_4"))
    with running(program) as process:
        first = lines(process, 1)
        if first == ["order.cancelled or_2"]:
            first = lines(process, 1)  # killed after the line was printed and before the id was written
        assert [*first, *lines(process, 1)] == ["order.shipped or_3", "order.cancelled or_4"]
        assert eventually(lambda: (tmp_path / "last-id").read_text() == last)
