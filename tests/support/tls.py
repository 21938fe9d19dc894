"""An https server on loopback with a certificate that no machine trusts by itself."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.support.threaded import ThreadedServer

OPENSSL = shutil.which("openssl")

needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="there is no openssl to make a certificate with")


def make_certificate(folder: Path) -> Path:
    """Make a certificate for loopback. Return the path of a file that has its key too."""
    path = folder / "certificate.pem"
    subprocess.run(
        [
            str(OPENSSL), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", path, "-out", folder / "public.pem",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    with path.open("a") as file:
        file.write((folder / "public.pem").read_text())
    return path


def speak_tls(server: ThreadedServer, certificate: Path) -> None:
    """Make a server that has not started yet answer https only."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
    server.url = server.url.replace("http:", "https:")
