"""Where the NATS servers of a cluster are, and how a node identifies itself to them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from app.stores.jetstream.servers.credentials import read_jwt, sign


@dataclass(frozen=True, slots=True)
class NatsServers:
    """The NATS servers of a cluster, as a node reaches them.

    `urls`: `nats://HOST:PORT` or `tls://HOST:PORT`, without user and password. `credentials`: the file with the JWT and the key of
    the node, None if the servers ask for none. `authorities`: a file with the certificates of the authorities that are trusted
    with `tls://`, None for those of the system.
    """

    urls: tuple[str, ...]
    credentials: Path | None = None
    authorities: Path | None = None

    def __str__(self) -> str:
        return ", ".join(url.partition("//")[2] for url in self.urls)

    def options(self) -> dict[str, Any]:
        """Return the arguments for nats-py. Raises OSError or ValueError if a file cannot be read."""
        options: dict[str, Any] = {}
        if any(url.startswith("tls:") for url in self.urls):
            options["tls"] = ssl.create_default_context(cafile=self.authorities)
        if file := self.credentials:
            read_jwt(file)
            options |= {"user_jwt_cb": partial(read_jwt, file), "signature_cb": partial(sign, file)}
        return options
