"""The browser client as a package that npm installs from its address, with its types and its manual.

No registry has it, so nobody else can publish a package under its name. Its version is the version of the contract that it came
with.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PACKAGE: Final = "orders-events-client"


def npm_package(client: Path, version: str) -> bytes:
    """Pack the files of the folder `client` as `npm pack` does, below `package/`; the same files are always the same bytes."""
    files = {path.name: path.read_bytes() for path in sorted(client.iterdir())}
    described = json.dumps(_description(version), indent=2).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in {"package.json": described, **files}.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def _description(version: str) -> Mapping[str, object]:
    return {
        "name": PACKAGE,
        "version": version,
        "description": "Subscribe to order events: every event that matches, once and in order, or a gap that says so.",
        "type": "module",
        "exports": {".": {"types": "./client.d.ts", "default": "./client.js"}, "./*": "./*"},
        "engines": {"node": ">=20.3"},  # AbortSignal.any
    }
