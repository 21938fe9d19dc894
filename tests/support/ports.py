"""Ports that no other process gets: for a server that starts again on its port, and for a URL without a server."""

from __future__ import annotations

import socket

_held: list[socket.socket] = []


def own_port() -> int:
    """Return a free port that is reserved for this process until it ends, whether or not a server listens on it.

    A port that was free a moment ago may be given to another test in the meantime. So a socket stays bound to it and never
    listens. Until a server listens, connections are refused; a process that asks for any free port gets another one; a server that
    is started with this port can bind it, repeatedly, because both set SO_REUSEADDR (Linux: inet_csk_bind_conflict).
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    _held.append(held)  # until the process ends: a few hundred sockets in a whole run
    return int(held.getsockname()[1])


def url_without_server() -> str:
    """Return a URL at which connections are refused."""
    return f"http://127.0.0.1:{own_port()}"
