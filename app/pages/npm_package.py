"""Build the browser client as a package that npm can install from the server's URL, with its TypeScript types and its README.

The package is not published in any registry; it is installed from the server only, so nobody can publish another package in its
place. The version of the package is the version of the contract.
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
    """Return the browser client as an npm package (a tar.gz file), with the files in the folder `client`.

    Like `npm pack`, it puts the files into the folder `package/`. The same files and the same version always give the same bytes.
    """
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
        "exports": {
            ".": {"types": "./client.d.ts", "default": "./client.js"},
            "./publisher": {"types": "./client.publisher.d.ts", "default": "./client.publisher.js"},
            "./*": "./*",
        },
        "engines": {"node": ">=20.3"},  # AbortSignal.any
    }
