"""This server, exactly as users run it: with all checks of the contract, and a log on the disk."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tests.benchmark.programs import has_zlib
from tests.benchmark.systems import System, handshake


def serve(store: str, port: int, *more: str) -> Sequence[str]:
    """Return the command line of a server on a store. `more`: further flags."""
    program = Path(sys.executable).with_name("orders-events")
    return [str(program), "serve", "--port", str(port), "--source", "none", "--store", store, *more]


def _command(scratch: Path, port: int, *more: str) -> Sequence[str]:
    return serve(f"sqlite:{scratch / 'log.db'}", port, *more)


def _command_with_grpc(scratch: Path, port: int, grpc_port: int) -> Sequence[str]:
    return _command(scratch, port, "--grpc-port", str(grpc_port))


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

OURS_GZIP: Final = replace(
    OURS,
    name="orders-events-gzip",
    title="Orders Events, gzip",
    other_transport=True,
    missing=lambda: "" if has_zlib() else "the driver cannot be compiled with zlib (Debian's package zlib1g-dev)",
    headers=(*OURS.headers, "Accept-Encoding: gzip"),
)

OURS_WEBSOCKET: Final = replace(
    OURS,
    name="orders-events-websocket",
    title="Orders Events, WebSocket",
    other_transport=True,
    path="/events/orders/socket",
    protocol="websocket",
    headers=handshake("orders-events.v1.json"),
    message=b'{"type":"subscribe","subscription":1}',
)

OURS_GRPC: Final = replace(
    OURS,
    name="orders-events-grpc",
    title="Orders Events, gRPC",
    other_transport=True,
    missing=lambda: "" if find_spec("grpc") else "the package grpcio is not installed",
    version=lambda: f"{version('orders-events')} on grpcio {version('grpcio')}",
    command=_command_with_grpc,
    ports=2,
    path="/orders_events.v1.OrderEvents/Subscribe",
    protocol="grpc",
    message_of_replay=b"\x2a\x08earliest\x30\x00",  # the fields `from` and `follow` of a SubscribeRequest
    headers=(),
)
