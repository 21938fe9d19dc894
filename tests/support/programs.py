"""Programs of this machine that a test needs: if one is missing, the test is skipped, or fails in CI."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def needed(*names: str) -> str:
    """Return the path of a program, by the first of its names that is installed; skip or fail the test, or the module, if none is."""
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    return unavailable(f"{names[0]} is not installed.")


def unavailable(message: str) -> NoReturn:
    """Skip the test, or the module that is being imported; fail it in CI (`CI=true`)."""
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message, allow_module_level=True)
