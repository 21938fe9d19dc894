"""Each program of the page "Clients" runs as it stands there: it comes back, and goes on where it was when it was killed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from playwright.sync_api import Page, expect

from app.pages.markup.commands import ORIGIN
from app.pages.npm_package import npm_package
from tests.browser.watching import Watched
from tests.pages.contract import ROOT, page
from tests.support.installed_client import client_environment
from tests.support.programs import needed, unavailable
from tests.support.server_process import QUICK, ServerProcess
from tests.transports.http.orders import cancelled, eventually, metric, new_order, publish, shipped

DOCS = page("docs/clients")


def shown(language: str) -> str:
    """Return the only program of the page in a language."""
    (found,) = [block.text for block in DOCS.all("pre", data_language=language)]
    return found


def node(folder: Path) -> list[str]:
    program = needed("node")
    installed = folder / "node_modules" / "orders-events-client"
    with tarfile.open(fileobj=BytesIO(npm_package(ROOT / "app" / "pages" / "client", "0"))) as package:
        package.extractall(folder, filter="data")
    installed.parent.mkdir()
    (folder / "package").rename(installed)
    return [program, "follow.mjs"]


def python(_folder: Path) -> list[str]:
    return [sys.executable, "-W", "error", "follow.py"]


def java(_folder: Path) -> list[str]:
    return [
        needed("java") if needed("javac") else unavailable("javac is not installed."),
        "-Xshare:auto",
        "Follow.java",
    ]


def go(folder: Path) -> list[str]:
    compiler = shutil.which("go")
    if compiler is None:
        pytest.skip("go is not installed; the page says that its program is only tested where it is.")
    subprocess.run([compiler, "build", "-o", "follow", "follow.go"], cwd=folder, check=True)
    return ["./follow"]


class Program(NamedTuple):
    """A program of the page: the language of its block, the name of its file, and how it is started."""

    language: str
    file: str
    command: Callable[[Path], list[str]]


PROGRAMS = (
    Program("js", "follow.mjs", node),
    Program("python", "follow.py", python),
    Program("java", "Follow.java", java),
    Program("go", "follow.go", go),
)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A server that ends each stream after a second, so that its clients must come back."""
    with ServerProcess("--store", "memory:", "--max-stream-age-seconds", "1", *QUICK) as server:
        yield server


@contextmanager
def running(command: list[str], folder: Path, environment: Mapping[str, str]) -> Iterator[Iterator[str]]:
    """Run a program; yield the names of the orders in the lines that it prints."""
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield (
                re.sub(r'^(order\.\w+) (?:.*"orderId":"(\w+)".*|(\w+))\n$', r"\1 \2\3", line) for line in process.stdout
            )
        finally:
            process.kill()


def returned(http: httpx.Client) -> bool:
    """Wait until the server has ended a stream because of its age."""
    before = metric(http, "orders_events_streams_closed_total", reason="max_age")
    return eventually(lambda: metric(http, "orders_events_streams_closed_total", reason="max_age") > before)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.language)
def test_program_misses_nothing_when_streams_end_and_when_it_is_killed(
    server: ServerProcess, http: httpx.Client, tmp_path: Path, program: Program
) -> None:
    (tmp_path / program.file).write_text(shown(program.language).replace(ORIGIN, server.url))
    command = program.command(tmp_path)
    one, two, three, four = (new_order() for _ in range(4))
    publish(http, shipped(one))
    with running(command, tmp_path, client_environment()) as lines:
        assert f"order.shipped {one}" in lines
        assert returned(http)
        (last,) = publish(http, cancelled(two))
        assert next(lines) == f"order.cancelled {two}"
        assert eventually(lambda: (tmp_path / "last-id").read_text() == last)
    publish(http, shipped(three))
    with running(command, tmp_path, client_environment()) as lines:
        assert next(lines) == f"order.shipped {three}"
        assert returned(http)
        publish(http, shipped(four))
        assert next(lines) == f"order.shipped {four}"


def test_shell_program_prints_what_was_stored_since_its_last_run(
    server: ServerProcess, http: httpx.Client, tmp_path: Path
) -> None:
    needed("curl")

    def run() -> list[str]:
        command = ["/bin/sh", "-c", shown("bash").replace(ORIGIN, server.url)]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.splitlines()

    one, two = new_order(), new_order()
    publish(http, shipped(one))
    assert one in run()[-1]
    assert run() == []
    publish(http, cancelled(two), shipped(one))
    assert [line.partition(" ")[0] for line in run()] == ["order.cancelled", "order.shipped"]
    (tmp_path / "last-id").write_text("k7f3q2xw-1042")
    assert run()[0].startswith('events are lost: {"reason":"foreign"')


def test_web_page_shows_each_event_once_when_streams_end(server: ServerProcess, http: httpx.Client, page: Page) -> None:
    watched = Watched()
    watched.watch(page)
    page.route("**/example", lambda route: route.fulfill(body=shown("html"), content_type="text/html"))
    one, two = new_order(), new_order()
    publish(http, shipped(one))
    page.goto(f"{server.url}/example")
    expect(page.locator("li", has_text=one)).to_have_count(1)
    assert returned(http)
    publish(http, cancelled(two))
    expect(page.locator("li").last).to_have_text(f"order.cancelled {two}")
    assert watched.errors == []
