"""The version of the program. The package takes it from `info.version` of the OpenAPI document when it is built."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Final


def _installed_version() -> str:
    try:
        return version("orders-events")
    except PackageNotFoundError:  # run from a folder of sources
        return "unknown"


VERSION: Final = _installed_version()
