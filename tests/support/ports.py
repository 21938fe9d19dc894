"""Ports of this machine that nobody else is given: for a server that comes back, and for one that is not there."""

from __future__ import annotations

import socket

_held: list[socket.socket] = []


def own_port() -> int:
    """Return a free port that stays this process's own, whether or not a server of a test listens on it.

    A port that was free a moment ago may have been given to the test next door. Here a socket stays bound to it and never
    listens: until a server does, connections are refused; whoever asks for any free port is given another one; and a server that
    names this one may bind it, again and again, as both set SO_REUSEADDR (Linux: inet_csk_bind_conflict).
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    _held.append(held)  # for as long as the process lives: tests are some hundreds
    return int(held.getsockname()[1])


def nobody() -> str:
    """Return the URL of a server that is not there."""
    return f"http://127.0.0.1:{own_port()}"
