"""The Python client as it is installed without the server: unpacked from its wheel, imported as `orders_events_client`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from zipfile import ZipFile

from app.pages.client_wheel import client_wheel

ROOT: Final = Path(__file__).parents[2]
CLIENT: Final = ROOT / "app" / "client"

_UNPACKED: Final = (
    ROOT / ".pytest_cache" / "client"
)  # not in a temporary folder: one would stay behind if the tests are killed


@cache
def client_environment() -> Mapping[str, str]:
    """Return the environment of a process whose `import orders_events_client` finds the client of this working tree."""
    return {**os.environ, "PYTHONPATH": str(_unpacked())}


def _unpacked() -> Path:
    wheel = client_wheel(CLIENT, "0")
    folder = _UNPACKED / sha256(wheel).hexdigest()
    if not folder.exists():
        _UNPACKED.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=_UNPACKED) as parts:
            ZipFile(BytesIO(wheel)).extractall(Path(parts, "whole"))
            with suppress(OSError):  # another process of the tests was faster
                Path(parts, "whole").rename(folder)
    return folder
