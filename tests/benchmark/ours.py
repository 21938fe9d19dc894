"""This server, exactly as users run it: with all checks of the contract, and a log on the disk."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.benchmark.systems import System


def _command(scratch: Path, port: int) -> Sequence[str]:
    program = Path(sys.executable).with_name("orders-events")
    return [str(program), "serve", "--port", str(port), "--source", "none", "--store", f"sqlite:{scratch / 'log.db'}"]


OURS: Final = System(
    name="orders-events",
    title="Orders Events",
    command=_command,
    missing=lambda: "",
    version=lambda: f"{version('orders-events')} on uvicorn {version('uvicorn')}, Connexion {version('connexion')}",
    path="/events/orders",
    publish_path="/events/orders",
    ids="unique",  # ids are opaque: an epoch has a random name. The driver checks the order by its own marks
    envelope=('{"eventType":"order.shipped","data":', "}"),
    array=("[", ",", "]"),
    publish_headers=("Content-Type: application/json",),
    opens_with_event=True,
    keeps=True,
)
