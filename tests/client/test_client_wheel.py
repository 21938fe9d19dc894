"""The client is a package of its own: it installs from any server, and works beside a package named `app`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import venv
import zipfile
from email.message import Message
from email.parser import Parser
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from io import BytesIO
from pathlib import Path

import httpx

from app.pages.client_wheel import client_wheel
from tests.support.installed_client import CLIENT
from tests.support.publishers import counted, publish_now
from tests.support.server_process import ServerProcess

ROOT = Path(__file__).parents[2]
NAME = "orders-events-client"

PROGRAM = """
import json, sys
import app  # the program's own
from orders_events_client import OrdersClient, OrderShipped

with OrdersClient(sys.argv[1]) as orders:
    published = orders.publish({"eventType": "order.shipped", "data": {"orderId": "or_1", "when": "2026-11-20T10:00:00Z"}})
    read = list(orders.stream(from_="earliest", follow=False))
assert "app.client" not in sys.modules
print(json.dumps([app.NAME, published.id, read[-1].id, isinstance(read[-1], OrderShipped), len(read)]))
"""


def test_wheel_of_a_server_installs_into_an_empty_environment_and_works_beside_a_package_named_app(
    server: ServerProcess, tmp_path: Path
) -> None:
    python = empty_environment(tmp_path / "venv")
    address = str(httpx.get(f"{server.url}/client.whl", follow_redirects=True, timeout=60).url)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    ran = subprocess.run([*pip, "install", "--no-index", address], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    listed = subprocess.run([*pip, "list", "--format", "json"], capture_output=True, check=True).stdout
    assert {canonical(each["name"]) for each in json.loads(listed)} == {
        NAME,
        *needed("httpx"),
        *needed("httpx-sse"),
        *needed("websockets"),
    }

    publish_now(server.events_url, counted(0, 2))
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("NAME = 'a program of somebody else'")
    (tmp_path / "program.py").write_text(PROGRAM)
    ran = subprocess.run(
        [python, "-W", "error", "program.py", server.url], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    name, published, read, typed, count = json.loads(ran.stdout)
    assert (name, published, typed, count) == ("a program of somebody else", read, True, 3)


def test_wheel_of_a_server_is_the_one_that_the_build_tool_makes(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(CLIENT)],
        check=True,
        capture_output=True,
    )
    (built,) = tmp_path.glob("*.whl")
    version = built.name.split("-")[1]
    served, reference = (
        zipfile.ZipFile(BytesIO(content)) for content in (client_wheel(CLIENT, version), built.read_bytes())
    )
    metadata = f"orders_events_client-{version}.dist-info/METADATA"
    own = {each for each in served.namelist() if ".dist-info/" in each}
    assert version == distribution("orders-events").version
    assert sorted(served.namelist()) == sorted(reference.namelist())
    for name in set(served.namelist()) - own:
        assert served.read(name) == reference.read(name), name
    assert described(served.read(metadata)) == described(reference.read(metadata))


def test_wheel_is_the_same_bytes_each_time() -> None:
    assert client_wheel(CLIENT, "1.0.0") == client_wheel(CLIENT, "1.0.0")
    assert client_wheel(CLIENT, "1.0.0") != client_wheel(CLIENT, "1.0.1")


def test_wheel_has_types() -> None:
    assert "orders_events_client/py.typed" in zipfile.ZipFile(BytesIO(client_wheel(CLIENT, "1.0.0"))).namelist()


def described(metadata: bytes) -> tuple[list[tuple[str, str]], str]:
    """Return the fields of METADATA but the version of its format, and the README."""
    message: Message = Parser().parsestr(metadata.decode())
    fields = [(name, value) for name, value in message.items() if name != "Metadata-Version"]
    return sorted(fields), str(message.get_payload())


def empty_environment(folder: Path) -> Path:
    """Make an environment with the two dependencies and their own, copied from the environment that runs the tests."""
    venv.create(folder, with_pip=False, symlinks=True)
    site_packages = next(folder.glob("lib/python*/site-packages"))
    for name in needed("httpx") | needed("httpx-sse") | needed("websockets"):
        copy(distribution(name), site_packages)
    return folder / "bin" / "python"


def needed(name: str) -> set[str]:
    """Return the names of a distribution and of all that it requires on this Python."""
    try:
        requirements = distribution(name).requires or []
    except PackageNotFoundError:  # it is for other Pythons
        return set()
    names = [re.split(r"[^\w.-]", each)[0] for each in requirements if "extra ==" not in each]
    return {canonical(name)}.union(*map(needed, names))


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def copy(installed: Distribution, folder: Path) -> None:
    for file in installed.files or ():
        if ".." not in file.parts and file.suffix != ".pyc":
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(Path(str(installed.locate_file(file))).read_bytes())
