"""The peers of the other transports: Node's ws and Python's websockets for WebSocket, grpcio for gRPC."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tests.benchmark.other_peers import NODE
from tests.benchmark.systems import System, handshake

_PEERS: Final = Path(__file__).parent / "peers"
_WS: Final = _PEERS / "node_modules" / "ws"


def _node_ws_command(_: Path, port: int) -> Sequence[str]:
    return ["node", str(_PEERS / "node_ws.mjs"), str(port)]


def _node_ws_missing() -> str:
    """Install the package if it is not there yet; return why that is not possible, or an empty text."""
    if NODE.missing() or _WS.is_dir():
        return NODE.missing()
    npm = shutil.which("npm")
    if npm is None:
        return "there is no npm on the path to install ws with (Debian's package npm)"
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=_PEERS, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else "npm cannot install ws"


def _node_ws_version() -> str:
    return f"ws {json.loads((_WS / 'package.json').read_text())['version']} on Node {NODE.version()}"


def _python(module: str) -> Callable[[Path, int, int], Sequence[str]]:
    def command(_: Path, port: int, stream_port: int) -> Sequence[str]:
        return [sys.executable, "-m", f"tests.benchmark.peers.{module}", str(port), str(stream_port)]

    return command


def _not_installed(package: str) -> Callable[[], str]:
    return lambda: "" if find_spec(package) else f"the package {package} is not installed"


NODE_WS: Final = replace(
    NODE,
    name="node-ws",
    title="Node ws, plain loop",
    other_transport=True,
    command=_node_ws_command,
    missing=_node_ws_missing,
    version=_node_ws_version,
    path="/",
    protocol="websocket",
    headers=handshake(),
)

WEBSOCKETS: Final = System(
    name="websockets",
    title="Python websockets, broadcast",
    other_transport=True,
    command=_python("websockets_broadcast"),
    missing=_not_installed("websockets"),
    version=lambda: version("websockets"),
    path="/",
    publish_path="/",
    ids="ordered",
    ports=2,
    protocol="websocket",
    headers=handshake(),
)

GRPCIO: Final = System(
    name="grpcio",
    title="grpcio asyncio, queues",
    other_transport=True,
    command=_python("grpc_stream"),
    missing=_not_installed("grpc"),
    version=lambda: version("grpcio"),
    path="/peer.Events/Subscribe",
    publish_path="/",
    ids="ordered",
    ports=2,
    protocol="grpc",
    headers=(),
)
