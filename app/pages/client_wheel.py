"""Build the Python client as a wheel, a package that pip can install from the server's URL.

No packaging tool is needed at run time. `app/client/pyproject.toml` describes the package; `make client` builds a wheel with the
same files from it with hatchling. The format: https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""

from __future__ import annotations

import base64
import hashlib
import io
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

PACKAGE: Final = "orders_events_client"
"""The name that Python programs import."""

_WHEEL: Final = "Wheel-Version: 1.0\nGenerator: orders-events\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_REGULAR_FILE: Final = 0o100644 << 16


def client_wheel(client: Path, version: str) -> bytes:
    """Return the wheel of the Python client as bytes, with the Python files in the folder `client`.

    The same files and the same version always give the same bytes.
    """
    project = tomllib.loads((client / "pyproject.toml").read_text())["project"]
    described = f"{PACKAGE}-{version}.dist-info"
    files = {
        **{f"{PACKAGE}/{path.relative_to(client).as_posix()}": path.read_bytes() for path in _sources(client)},
        f"{described}/METADATA": _metadata(project, version, (client / project["readme"]).read_text()),
        f"{described}/WHEEL": _WHEEL.encode(),
    }
    files[f"{described}/RECORD"] = _record(files, f"{described}/RECORD")
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = ZipInfo(name)  # dated 1980-01-01
            entry.external_attr = _REGULAR_FILE
            archive.writestr(entry, content, ZIP_DEFLATED)
    return packed.getvalue()


def _sources(client: Path) -> list[Path]:
    return sorted([*client.rglob("*.py"), client / "py.typed"])


def _metadata(project: Mapping[str, Any], version: str, readme: str) -> bytes:
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {project['name']}",
        f"Version: {version}",
        f"Summary: {project['description']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {requirement}" for requirement in project["dependencies"]),
        *(line for name, extra in project["optional-dependencies"].items() for line in _extra(name, extra)),
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join([*lines, "", readme]).encode()


def _extra(name: str, requirements: Iterable[str]) -> Iterator[str]:
    yield f"Provides-Extra: {name}"
    yield from (f"Requires-Dist: {requirement}; extra == '{name}'" for requirement in requirements)


def _record(files: Mapping[str, bytes], itself: str) -> bytes:
    return "".join([*_hashes(files), f"{itself},,\n"]).encode()


def _hashes(files: Mapping[str, bytes]) -> Iterator[str]:
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        yield f"{name},sha256={digest},{len(content)}\n"
