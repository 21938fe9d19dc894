"""A server behind a proxy with the configuration of deploy/: both run as processes of this test, on free ports of loopback."""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import httpx

from tests.support.ports import own_port
from tests.support.programs import needed
from tests.support.servers import sqlite, start_server
from tests.support.tls import make_certificate

DEPLOY = Path(__file__).parents[2] / "deploy"
START_SECONDS = 60


class Ports(NamedTuple):
    """The ports of the server behind a proxy."""

    http: int
    grpc: int


class Front:
    """A proxy at `url`, whose certificate the authority in the file `authority` signed, and the server behind it, with `settings`."""

    def __init__(self, url: str, authority: Path, store: str, ports: Ports, settings: Sequence[str] = ()) -> None:
        self.url = url
        self.authority = authority
        self._store = store
        self._ports = ports
        self._settings = settings
        self.start()

    def restart(self, *, kill: bool = False) -> None:
        self.stop(kill=kill)
        self.start()

    def start(self) -> None:
        grpc = [] if self._settings or find_spec("grpc") is None else ["--grpc-port", str(self._ports.grpc)]
        options = ("--trusted-proxy", "127.0.0.1", "--max-streams-per-address", "200", *grpc, *self._settings)
        self.server = start_server(self._store, *options, port=self._ports.http)

    def stop(self, *, kill: bool = False) -> None:
        if kill:
            self.server.kill()
        else:
            assert self.server.terminate() == 0

    def client(self) -> httpx.Client:
        tls = ssl.create_default_context(cafile=self.authority)
        return httpx.Client(base_url=self.url, verify=tls, timeout=START_SECONDS, trust_env=False)


@contextmanager
def caddy(folder: Path, *settings: str) -> Iterator[Front]:
    """Run the Caddyfile; its authority for `localhost` is made in the folder. `settings`: of the server."""
    program, port, ports = find_caddy(), own_port(), Ports(own_port(), own_port())
    environment = {
        **os.environ,
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "CADDY_ADMIN": f"unix/{folder / 'admin.sock'}",
        "ORDERS_EVENTS_HTTP_PORT": str(own_port()),
        "ORDERS_EVENTS_HTTPS_PORT": str(port),
        "ORDERS_EVENTS_UPSTREAM": f"127.0.0.1:{ports.http}",
        "ORDERS_EVENTS_GRPC": f"127.0.0.1:{ports.grpc}",
    }
    command = [program, "run", "--config", str(DEPLOY / "Caddyfile"), "--adapter", "caddyfile"]
    authority = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    with _running(command, environment, folder):
        yield from _in_front(f"https://localhost:{port}", authority, folder, ports, settings)


@contextmanager
def nginx(folder: Path, *settings: str, limits: Mapping[str, str] = MappingProxyType({})) -> Iterator[Front]:
    """Run nginx.conf with ports, certificate and folders of this test.

    `settings`: of the server. `limits`: further texts to replace in the configuration, and by what.
    """
    program, port, ports = needed("nginx", "/usr/sbin/nginx"), own_port(), Ports(own_port(), own_port())
    certificate = make_certificate(folder)
    changes = {
        "listen 80;": f"listen 127.0.0.1:{own_port()};",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/orders-events/certificate.pem": str(certificate),
        "/etc/ssl/orders-events/key.pem": str(certificate),
        "127.0.0.1:8000": f"127.0.0.1:{ports.http}",
        "127.0.0.1:50051": f"127.0.0.1:{ports.grpc}",
        "\nhttp {\n": f"\nhttp {{\n{_temporary_folders(folder)}",
        "/var/log/nginx/orders-events.log": str(folder / "access.log"),
    }
    changes |= limits
    configuration = folder / "nginx.conf"
    configuration.write_text(replaced((DEPLOY / "nginx.conf").read_text(), changes))
    user = "user root; " if os.geteuid() == 0 else ""
    options = f"daemon off; {user}pid {folder / 'nginx.pid'}; error_log stderr;"
    command = [program, "-p", str(folder), "-c", str(configuration), "-g", options]
    with _running(command, dict(os.environ), folder):
        yield from _in_front(f"https://localhost:{port}", folder / "public.pem", folder, ports, settings)


def find_caddy() -> str:
    return needed(str(Path(sys.executable).with_name("caddy")), "caddy")


def replaced(text: str, changes: dict[str, str]) -> str:
    """Replace each text, which must occur once."""
    for old, new in changes.items():
        assert text.count(old) == 1, f"{old!r} is not in the file, or is there more than once"
        text = text.replace(old, new)
    return text


def _temporary_folders(folder: Path) -> str:
    names = re.findall(r"\w+", "client_body proxy fastcgi uwsgi scgi")
    return "".join(f"    {name}_temp_path {folder / name};\n" for name in names)


@contextmanager
def _running(command: list[str], environment: dict[str, str], folder: Path) -> Iterator[None]:
    with (
        (folder / "proxy.log").open("wb") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=folder) as process,
    ):
        try:
            yield
        finally:
            process.terminate()


def _in_front(url: str, authority: Path, folder: Path, ports: Ports, settings: Sequence[str]) -> Iterator[Front]:
    front = Front(url, authority, sqlite(folder), ports, settings)
    try:
        _wait_until_it_answers(front, folder / "proxy.log")
        yield front
    finally:
        front.server.__exit__(None, None, None)


def _wait_until_it_answers(front: Front, log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        try:
            with front.client() as client:
                client.get("/health/ready").raise_for_status()
        except (OSError, httpx.HTTPError):
            time.sleep(0.05)  # it has no signal to wait for
        else:
            return
    raise TimeoutError(log.read_text())
