"""The Python peers: each library as its documentation suggests, with a queue for each subscriber, on unchanged uvicorn."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tests.benchmark.programs import ROOT
from tests.benchmark.systems import System


def _uvicorn(module: str) -> Callable[[Path, int], Sequence[str]]:
    def command(_: Path, port: int) -> Sequence[str]:
        application = f"tests.benchmark.peers.{module}:app"
        quiet = ["--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "1"]
        return [sys.executable, "-m", "uvicorn", application, "--app-dir", str(ROOT), "--port", str(port), *quiet]

    return command


def _peer(package: str, module: str, title: str) -> System:
    def missing() -> str:
        return "" if find_spec(package.replace("-", "_")) else f"the package {package} is not installed"

    return System(
        name=package,
        title=title,
        command=_uvicorn(module),
        missing=missing,
        version=lambda: f"{package} {version(package)} on uvicorn {version('uvicorn')}",
        path="/events",
        publish_path="/publish",
        ids="ordered",
        paced=False,  # two of the three deliver fewer than 50,000 events a second
    )


STARLETTE: Final = _peer("starlette", "starlette_stream", "Starlette StreamingResponse, queues")
SSE_STARLETTE: Final = _peer("sse-starlette", "sse_starlette_stream", "sse-starlette, queues")
FASTAPI: Final = _peer("fastapi", "fastapi_sse", "FastAPI's SSE, queues")
