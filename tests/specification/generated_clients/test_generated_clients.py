"""Clients that public generators make of the served document compile, and read a page and a finite stream from a real server."""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.node_packages.installed import node_package
from tests.specification.generated_clients.generate import READ, arguments, fetch_document, packages, run
from tests.support.programs import needed, unavailable
from tests.support.server_process import ServerProcess

HERE = Path(__file__).parent
PACKAGES = HERE.parents[1] / "node_packages" / "package.json"
QUICK_JAVA = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")  # half of the CPU time for a program that runs for seconds
ANNOTATIONS = Path("/usr/share/java/jakarta-annotation-api.jar")  # of Debian's libjakarta-annotation-api-java
STRICT = ("--strict", "--noEmitOnError", "--target", "es2022", "--module", "commonjs", "--moduleResolution", "bundler")
READ_IN_PYTHON = """
import sys

from httpx_sse import connect_sse

from orders import Client
from orders.api.events import list_order_events
from orders.models import EventPage, KnownOrderEventType, OrderShippedFrame, StartFrom, StreamClosingFrame, StreamGap

client = Client(base_url=sys.argv[1])
page = list_order_events.sync(client=client, event_types=[KnownOrderEventType.ORDER_SHIPPED], from_=StartFrom.EARLIEST)
assert isinstance(page, EventPage)
for event in page.events:
    print("page", event.event_type)
query = {"eventTypes": "order.shipped", "from": "earliest", "follow": "false"}
with connect_sse(client.get_httpx_client(), "GET", "/events/orders", params=query) as stream:
    for sse in stream.iter_sse():
        frame = {"event": sse.event, "id": sse.id, "data": sse.json()}
        if sse.event == "order.shipped":
            print("stream", OrderShippedFrame.from_dict(frame).data.order_id)
        elif sse.event == "stream.closing":
            print("closing", StreamClosingFrame.from_dict(frame).data.reason)
print("gap", StreamGap.from_dict({"reason": "later", "requested": "a-1", "earliest": "a-2", "more": 1}).reason)
"""


def test_typescript_client_reads_a_page_and_a_stream(server: ServerProcess, tmp_path: Path) -> None:
    node, generator, compiler = needed("node"), node_package("@hey-api/openapi-ts"), node_package("typescript")
    fetch_document(server, tmp_path)
    run(tmp_path, node, generator / "bin" / "run.js", *arguments("openapi-ts"))
    shutil.copy(HERE / "read_orders.ts", tmp_path)
    run(tmp_path, node, compiler / "bin" / "tsc", *STRICT, "read_orders.ts")
    assert run(tmp_path, node, "read_orders.js", server.url).splitlines() == READ


def test_page_installs_the_generator_and_the_typescript_that_are_tested() -> None:
    """Without a version, npx takes the newest compiler, with which the generator may not start."""
    tested = json.loads(PACKAGES.read_text())["dependencies"]["typescript"].partition(".")[0]
    assert packages() == [f"typescript@{tested}", "@hey-api/openapi-ts"]


def test_python_client_reads_a_page_and_a_stream(server: ServerProcess, tmp_path: Path) -> None:
    fetch_document(server, tmp_path)
    command = "import sys; sys.argv[0] = 'openapi-python-client'; from openapi_python_client.cli import app; app()"
    run(tmp_path, sys.executable, "-c", command, *arguments("openapi-python-client"))
    (tmp_path / "read_orders.py").write_text(READ_IN_PYTHON)
    # Silent about the generated code: in the class of `/event-types`, the generator gives two variables the same name.
    run(tmp_path, sys.executable, "-m", "mypy", "--strict", "--follow-imports", "silent", "read_orders.py")
    assert run(tmp_path, sys.executable, "read_orders.py", server.url).splitlines() == READ


def test_java_client_reads_a_page_and_a_stream(server: ServerProcess, tmp_path: Path) -> None:
    java, compiler, generator = needed("java"), needed("javac"), find_spec("openapi_generator_cli")
    assert generator is not None
    assert generator.origin is not None
    if not ANNOTATIONS.is_file():
        unavailable(f"{ANNOTATIONS} is not installed.")
    jar = Path(generator.origin).with_name("openapi-generator.jar")
    fetch_document(server, tmp_path)
    run(tmp_path, java, *QUICK_JAVA, "-jar", jar, *arguments("openapi-generator-cli"))
    shutil.copy(HERE / "ReadOrders.java", tmp_path)
    sources = sorted((tmp_path / "orders" / "src" / "main").rglob("*.java"))
    libraries = os.pathsep.join(map(str, (jar, ANNOTATIONS)))  # the generator has Jackson in it
    options = ("-nowarn", "-proc:none", "-d", "classes", "-cp", libraries)
    run(tmp_path, compiler, *(f"-J{each}" for each in QUICK_JAVA), *options, *sources, "ReadOrders.java")
    path = os.pathsep.join((libraries, "classes"))
    assert run(tmp_path, java, *QUICK_JAVA, "-cp", path, "ReadOrders", server.url).splitlines() == READ
