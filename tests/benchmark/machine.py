"""The machine and the time at which figures were taken; without them the figures mean nothing."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.benchmark.programs import ROOT
from tests.benchmark.systems import System

_NOT_GIVEN: Final = "unknown"


def describe(systems: Iterable[System]) -> dict[str, Any]:
    """Describe this machine and the versions of the systems."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "processor": _found(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo")),
        "cores": os.cpu_count(),
        "memory_gb": round(int(_found(r"MemTotal:\s*(\d+)", Path("/proc/meminfo"), "0")) / 1024**2),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {system.name: system.version() for system in systems},
    }


def _found(pattern: str, file: Path, otherwise: str = _NOT_GIVEN) -> str:
    found = re.search(pattern, file.read_text()) if file.exists() else None
    return found[1].strip() if found else otherwise


def _commit() -> str:
    """Return the commit that is checked out, and whether files differ from it."""
    try:
        head = _git("rev-parse", "--short", "HEAD")
        return f"{head} with changes" if _git("status", "--porcelain", "--untracked-files=no") else head
    except (OSError, subprocess.CalledProcessError):
        return _NOT_GIVEN


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
