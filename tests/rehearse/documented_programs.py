"""The programs of the page Clients and of the READMEs, changed in one place only: they take the server's address from the environment."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from app.pages.markup.commands import ORIGIN
from app.pages.npm_package import npm_package
from tests.documents.readme_text import PYTHON_CLIENT, README, python_examples
from tests.pages.contract import ROOT, page
from tests.support.installed_client import client_environment
from tests.support.programs import needed

_DOCS: Final = page("docs/clients")
_IN_AN_EMPTY_FOLDER: Final = 'cd "$(mktemp -d -p "$0")" && exec "$@"'  # the programs keep their last id in a file


class _Program(NamedTuple):
    """How a program is prepared: the text that has the address, what stands in its place, its file, and how it is built."""

    address: str
    variable: str
    file: str
    build: Callable[[Path], tuple[str, ...]]


def documented(language: str, folder: Path) -> tuple[str, ...]:
    """Prepare the program in a language in a folder, and return the command that starts it; skip the test if a compiler is missing."""
    program = _PROGRAMS[language]
    (source,) = [block.text for block in _DOCS.all("pre", data_language=language)]
    assert program.address in source
    (folder / program.file).write_text(source.replace(program.address, program.variable))
    command = program.build(folder)
    (folder / "runs").mkdir()
    return ("/bin/sh", "-c", _IN_AN_EMPTY_FOLDER, str(folder / "runs"), *command)


def mirror(folder: Path) -> tuple[str, ...]:
    """Prepare the mirror of the Python client's README in a folder, and return the command that starts it anew."""
    (source,) = [each for each in python_examples(PYTHON_CLIENT) if "sqlite3" in each]
    (folder / "follow.py").write_text(source.replace(*_PROGRAMS["python"][:2]))
    (folder / "runs").mkdir()
    return ("/bin/sh", "-c", _IN_AN_EMPTY_FOLDER, str(folder / "runs"), *_python(folder))


def web_page() -> str:
    """Return the page with an EventSource of the README."""
    (found,) = re.findall(r"^```html\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return str(found)


def _node(folder: Path) -> tuple[str, ...]:
    install_node_client(folder)
    return (needed("node"), str(folder / "follow.mjs"))


def install_node_client(folder: Path) -> None:
    """Unpack the client for Node where programs in a folder find it."""
    installed = folder / "node_modules" / "orders-events-client"
    with tarfile.open(fileobj=BytesIO(npm_package(ROOT / "app" / "pages" / "client", "0"))) as package:
        package.extractall(folder, filter="data")
    installed.parent.mkdir()
    (folder / "package").rename(installed)


def _python(folder: Path) -> tuple[str, ...]:
    return ("env", f"PYTHONPATH={client_environment()['PYTHONPATH']}", sys.executable, str(folder / "follow.py"))


def _java(folder: Path) -> tuple[str, ...]:
    subprocess.run([needed("javac"), "Follow.java"], cwd=folder, check=True)
    return (needed("java"), "-Xshare:auto", "-cp", str(folder), "Follow")


def _go(folder: Path) -> tuple[str, ...]:
    compiler = shutil.which("go")
    if compiler is None:
        pytest.skip("go is not installed; the page says that its program is only tested where it is.")
    subprocess.run([compiler, "build", "-o", "follow", "follow.go"], cwd=folder, check=True)
    return (str(folder / "follow"),)


_PROGRAMS: Final[Mapping[str, _Program]] = {
    "js": _Program(f"'{ORIGIN}", "process.env.ORDERS_EVENTS_URL + '", "follow.mjs", _node),
    "python": _Program(f'"{ORIGIN}"', '__import__("os").environ["ORDERS_EVENTS_URL"]', "follow.py", _python),
    "java": _Program(f'"{ORIGIN}', 'System.getenv("ORDERS_EVENTS_URL") + "', "Follow.java", _java),
    "go": _Program(f'const stream = "{ORIGIN}', 'var stream = os.Getenv("ORDERS_EVENTS_URL") + "', "follow.go", _go),
}
LANGUAGES: Final = tuple(_PROGRAMS)
