"""The Python client as it is installed without the server: unpacked from its wheel, imported as `orders_events_client`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from app.pages.client_wheel import client_wheel

CLIENT: Final = Path(__file__).parents[2] / "app" / "client"


@cache
def client_environment() -> Mapping[str, str]:
    """Return the environment of a process whose `import orders_events_client` finds the client of this working tree."""
    folder = _unpacked()
    return {**os.environ, "PYTHONPATH": folder.name}


@cache
def _unpacked() -> tempfile.TemporaryDirectory[str]:
    # Kept by the cache, so the folder is removed when this process ends.
    folder = tempfile.TemporaryDirectory(prefix="orders-events-client-")
    ZipFile(BytesIO(client_wheel(CLIENT, "0"))).extractall(folder.name)
    return folder
