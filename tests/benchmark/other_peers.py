"""The peers in other languages, and the limit: a server in C that does nothing but write."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tests.benchmark.programs import compile_program
from tests.benchmark.systems import EVENT, System

_PEERS: Final = Path(__file__).parent / "peers"
_NCHAN_MODULE: Final = Path(
    "/usr/lib/nginx/modules/ngx_nchan_module.so"
)  # the path in Debian's package libnginx-mod-nchan
_MERCURE_KEY: Final = "a key that signs the benchmark's own publications only"


def _not_on_path(program: str, package: str) -> Callable[[], str]:
    return lambda: "" if shutil.which(program) else f"there is no {program} on the path ({package})"


def _reported(command: Sequence[str], pattern: str) -> str:
    """Find the version in the output of a program."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(pattern, done.stdout + done.stderr)
    return found[0] if found else "of unknown version"


def _limit_command(_: Path, port: int) -> Sequence[str]:
    return [str(compile_program("limit")), str(port)]


def _node_command(_: Path, port: int) -> Sequence[str]:
    return ["node", str(_PEERS / "node_http.mjs"), str(port)]


def _nchan_missing() -> str:
    if shutil.which("nginx") and _NCHAN_MODULE.exists():
        return ""
    return "there is no nginx with Nchan (Debian's packages nginx and libnginx-mod-nchan)"


def _nchan_version() -> str:
    package = _reported(["dpkg-query", "--show", "libnginx-mod-nchan"], r"(?<=:)[0-9.]+(?=\+|-)")
    return f"{package} in {_reported(['nginx', '-v'], r'nginx/[0-9.]+')}"


def _nchan_command(scratch: Path, port: int) -> Sequence[str]:
    text = (_PEERS / "nchan.conf").read_text().replace("MODULE", str(_NCHAN_MODULE)).replace("PORT", str(port))
    if os.geteuid() == 0:
        text = f"user root;\n{text}"  # otherwise the worker runs as a user that cannot enter the scratch folder
    (scratch / "nginx.conf").write_text(text)
    return ["nginx", "-p", str(scratch), "-c", "nginx.conf", "-e", "error.log"]


def _mercure_command(scratch: Path, port: int) -> Sequence[str]:
    text = (_PEERS / "Caddyfile").read_text().replace("PORT", str(port)).replace("KEY", json.dumps(_MERCURE_KEY))
    (scratch / "Caddyfile").write_text(text)
    return ["mercure", "run", "--config", "Caddyfile"]


def _mercure_token() -> str:
    """Make a signed token that allows publishing (RFC 7519)."""
    parts = [{"alg": "HS256", "typ": "JWT"}, {"mercure": {"publish": ["*"]}}]
    text = ".".join(_base64url(json.dumps(part).encode()) for part in parts)
    return f"{text}.{_base64url(hmac.digest(_MERCURE_KEY.encode(), text.encode(), hashlib.sha256))}"


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


LIMIT: Final = System(
    name="limit",
    title="C epoll loop, the limit",
    command=_limit_command,
    missing=lambda: "",
    version=lambda: "of this benchmark",
    path="/events",
    publish_path="/publish",
    ids="ordered",
)

NODE: Final = System(
    name="node",
    title="Node http, plain loop",
    command=_node_command,
    missing=_not_on_path("node", "Debian's package nodejs"),
    version=lambda: _reported(["node", "--version"], r"v[0-9.]+"),
    path="/events",
    publish_path="/publish",
    ids="ordered",
)

NCHAN: Final = System(
    name="nchan",
    title="Nchan in nginx",
    command=_nchan_command,
    missing=_nchan_missing,
    version=_nchan_version,
    path="/events",
    publish_path="/publish",
    ids="ordered",
    publish_headers=("Content-Type: application/json", "X-EventSource-Event: order.shipped"),
    batches=False,
)

MERCURE: Final = System(
    name="mercure",
    title="Mercure",
    command=_mercure_command,
    missing=_not_on_path("mercure", "its site has binaries, no package manager brings it"),
    version=lambda: _reported(["mercure", "version"], r"v[0-9.]+"),
    path="/.well-known/mercure?topic=orders",
    publish_path="/.well-known/mercure",
    ids="unique",
    envelope=("topic=orders&type=order.shipped&data=", ""),
    publish_headers=(
        "Content-Type: application/x-www-form-urlencoded",
        f"Authorization: Bearer {_mercure_token()}",
    ),
    batches=False,
    event=quote(EVENT, safe="$"),
)
