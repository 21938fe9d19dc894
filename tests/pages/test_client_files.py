"""The browser client is served whole: every module that it imports, with its types, and it is small."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from pathlib import Path

import httpx
import pytest

from app.pages.npm_package import npm_package
from app.pages.site_paths import Layout
from tests.pages.contract import site
from tests.support.server_process import ServerProcess

CLIENT = Path(__file__).parents[2] / "app" / "pages" / "client"
FILES = sorted(path.name for path in CLIENT.iterdir())
NAMES = [name for name in FILES if name.endswith((".js", ".ts"))]
SCRIPTS = [name for name in NAMES if name.endswith(".js")]

COMMENTS = re.compile(r"/\*.*?\*/|^\s*//.*?$|(?<=[;{,]) //.*?$", re.DOTALL | re.MULTILINE)
STATIC_IMPORT = re.compile(r"^import .* from '\./(.*)';", re.MULTILINE)
MOST_BYTES = {"client.js": 9_650, "client.publisher.js": 6_400, "client.websocket.js": 5_100}


@pytest.mark.parametrize("name", NAMES)
def test_file_of_the_client_is_served_at_the_root_and_asked_for_once(server: ServerProcess, name: str) -> None:
    answer = httpx.get(f"{server.url}/{name}", timeout=60)
    assert answer.status_code == 200
    if name == "client.worker.js":
        assert not STATIC_IMPORT.search(answer.text)  # it comes with what it imports
    else:
        assert answer.content == (CLIENT / name).read_bytes()
    kind = "text/javascript" if name.endswith(".js") else "application/typescript"
    assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
    assert "worker-src 'self'" in answer.headers["content-security-policy"]
    again = httpx.get(f"{server.url}/{name}", headers={"If-None-Match": answer.headers["etag"]}, timeout=60)
    assert again.status_code == 304


def test_package_has_the_files_of_the_client_and_the_version_of_the_contract(server: ServerProcess) -> None:
    answer = httpx.get(f"{server.url}/client.tgz", timeout=60)
    assert answer.headers["content-type"] == "application/gzip"
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        files = {each.name.removeprefix("package/"): archive.extractfile(each) for each in archive}
        contents = {name: file.read() for name, file in files.items() if file is not None}
    described = json.loads(contents.pop("package.json"))
    assert contents == {name: (CLIENT / name).read_bytes() for name in FILES}
    assert described["version"] == httpx.get(f"{server.url}/openapi.json", timeout=60).json()["info"]["version"]
    assert {described["exports"]["."]["default"], described["exports"]["."]["types"]} <= {f"./{name}" for name in NAMES}


def test_manual_is_in_the_package_and_not_served_beside_it(server: ServerProcess) -> None:
    assert "README.md" in FILES
    assert httpx.get(f"{server.url}/README.md", timeout=60).status_code == 404


def test_package_is_the_same_bytes_each_time() -> None:
    assert npm_package(CLIENT, "1.0.0") == npm_package(CLIENT, "1.0.0")
    assert npm_package(CLIENT, "1.0.0") != npm_package(CLIENT, "1.0.1")


def test_client_is_no_part_of_the_documentation_as_files() -> None:
    assert not set(NAMES) & set(site(Layout.FILES))


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_imports_nothing_but_its_siblings(name: str) -> None:
    text = (CLIENT / name).read_text()
    imported = re.findall(r"^import .* from '(.*)';|await import\('(.*)'\)", text, re.MULTILINE)
    assert {static or dynamic for static, dynamic in imported} <= {f"./{each}" for each in SCRIPTS}


def loaded(*names: str) -> set[str]:
    """Return the names of the scripts that a browser loads with these."""
    imported = {each for name in names for each in STATIC_IMPORT.findall((CLIENT / name).read_text())}
    return set(names) if imported <= set(names) else loaded(*imported, *names)


@pytest.mark.parametrize("entry", MOST_BYTES)
def test_client_is_small(entry: str) -> None:
    # As libraries are measured: all that is loaded, compressed, without the comments, which are for readers. Half of it is sharing.
    scripts = loaded(entry, *(["client.worker.js"] if entry == "client.js" else []))
    code = "".join(COMMENTS.sub("", (CLIENT / name).read_text()) for name in sorted(scripts))
    assert len(gzip.compress(code.encode())) < MOST_BYTES[entry]


def test_every_script_is_loaded_by_an_entry() -> None:
    assert loaded(*MOST_BYTES, "client.worker.js") == set(SCRIPTS)
