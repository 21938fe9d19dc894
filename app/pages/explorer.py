"""Find Scalar's API reference (MIT licence), which can try every operation, where it is installed; nothing depends on it.

It is one script. The package `flask-openapi3-scalar` carries it, and is installed without its dependencies: nothing of it is
ever imported.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Final

DISTRIBUTION: Final = "flask-openapi3-scalar"
SCRIPT: Final = "scalar.standalone.js"


def find_explorer() -> Path | None:
    """Return where the script is, or None where it is not installed."""
    try:
        installed = files(DISTRIBUTION) or []
    except PackageNotFoundError:
        return None
    for path in installed:
        if path.name == SCRIPT:
            located = Path(str(path.locate()))
            return located if located.is_file() else None
    return None
