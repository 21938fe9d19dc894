"""The socket on which the server accepts connections, and the URL under which it is reached."""

from __future__ import annotations

import socket

from app.specification.errors import StartupError


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket; port 0 picks a free one. Raises StartupError if the address cannot be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise StartupError(f"Cannot listen on {host}:{port}: {error.strerror or error}.") from None


def url_of(listener: socket.socket) -> str:
    """Return the URL of a listening socket, with the port that it was given."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
