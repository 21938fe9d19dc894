"""What the README says a page or a Node program may be, is: each example is run as it stands there."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import needed
from tests.browser.following import patient
from tests.browser.watching import Watched
from tests.support.server_process import ServerProcess
from tests.transports.http.orders import cancelled, eventually, new_order, publish, shipped, streams_open

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCKS = [dedent(block) for block in re.findall(r"(?<=\n\n)((?: {4}.*\n|\n(?= {4}))+)", README)]


def example(*texts: str) -> str:
    """Find the one block of the README in which these texts stand."""
    (found,) = [block for block in BLOCKS if all(text in block for text in texts)]
    return found


@pytest.fixture
def http(server: ServerProcess) -> Iterator[httpx.Client]:
    with patient(server) as client:
        yield client


def show(page: Page, server: ServerProcess, html: str) -> Watched:
    """Open a page of the same origin that is no page of the server's."""
    watched = Watched()
    watched.watch(page)
    page.route("**/example", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{server.url}/example")
    return watched


def test_page_with_an_event_source(server: ServerProcess, http: httpx.Client, page: Page) -> None:
    watched = show(page, server, example("<!doctype html>", "new EventSource("))
    assert eventually(lambda: streams_open(http) == 1)
    one, other = new_order(), new_order()
    publish(http, shipped(one), cancelled(other))
    expect(page.locator("li")).to_have_text([f"order.shipped {one}", f"order.cancelled {other}"])
    assert watched.errors == []


def test_page_with_the_client(server: ServerProcess, http: httpx.Client, page: Page) -> None:
    watched = show(page, server, example("<!doctype html>", "import { subscribe }"))
    expect(page.locator("#state")).to_have_text("open")
    one, other = new_order(), new_order()
    publish(http, shipped(one))
    expect(page.locator("li")).to_have_text([f"order.shipped {one}"])
    page.goto("about:blank")
    publish(http, cancelled(other))
    page.goto(f"{server.url}/example")
    expect(page.locator("li")).to_have_text([f"order.cancelled {other}"])
    assert watched.errors == []


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
    (command,) = re.findall(r"`npm (install http://127\.0\.0\.1:8000/\S+)`", README)
    install = [needed("npm"), *command.replace("http://127.0.0.1:8000", server.url).split(), "--no-audit", "--no-fund"]
    (tmp_path / "package.json").write_text("{}")
    installed = subprocess.run(install, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stderr
    program = tmp_path / "orders.mjs"
    program.write_text(example("orders-events-client", "last-id").replace("http://127.0.0.1:8000", server.url))

    publish(http, shipped("or_last_before"))
    with running(program) as process:
        assert "order.shipped or_last_before" in iter(lambda: lines(process, 1)[0], "")
        publish(http, shipped("or_1"), cancelled("or_2"))
        assert lines(process, 2) == ["order.shipped or_1", "order.cancelled or_2"]
        process.send_signal(signal.SIGKILL)
    *_, last = publish(http, shipped("or_3"), cancelled("or_4"))
    with running(program) as process:
        told = lines(process, 1)
        if told == ["order.cancelled or_2"]:
            told = lines(process, 1)  # killed after it was told of, and before its id was written down
        assert [*told, *lines(process, 1)] == ["order.shipped or_3", "order.cancelled or_4"]
        assert eventually(lambda: (tmp_path / "last-id").read_text() == last)
