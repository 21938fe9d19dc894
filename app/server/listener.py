"""The socket on which the server accepts connections, and the URL under which it is reached."""

from __future__ import annotations

import errno
import socket
from typing import Final

from app.specification.errors import StartupError

_REACHED_BY = {"0.0.0.0": "127.0.0.1", "::": "localhost"}  # noqa: S104  # the keys stand for every address: no client can open them

# Clients that wait while the server starts: thousands come back after a deploy, and one that is not queued tries again after 1, 3, 7
# seconds. The kernel lowers the number to net.core.somaxconn.
BACKLOG: Final = 65_535
_ADVICE: Final = {
    errno.EADDRINUSE: "Stop the program that listens there, or choose another port; 0 takes a free one.",
    errno.EACCES: "Choose a port from 1024 on, or let the server have that one (CAP_NET_BIND_SERVICE).",
    errno.EADDRNOTAVAIL: "Choose an address of this machine.",
}
UNSENT_BYTES: Final = 128 * 1024  # more than a page of events, so that a reader that keeps up is not slowed down
# If sent bytes are not acknowledged for so long, the connection is lost; a heartbeat every 15 s makes sure that there are some.
UNACKNOWLEDGED_MS: Final = 20_000


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket, and return it. Raises StartupError if the address cannot be used.

    `host`: a host name or an IP address; `::` means every IPv6 and IPv4 address of this machine. `port`: the TCP port; 0 means
    any free port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    is_dual = host == "::" and socket.has_dualstack_ipv6()
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=is_dual)
    except OSError as error:
        raise StartupError(f"Cannot listen on {authority(host, port)}: {_explained(error)}") from None
    _bound_unread_data(listener)
    return listener


def _explained(error: OSError) -> str:
    """Say in sentences why an address cannot be used. Python adds the address to what the operating system says, once more."""
    why = (error.strerror or str(error)).partition(" (while")[0]
    return f"{why}. {_ADVICE.get(error.errno or 0, '')}".rstrip()


def _bound_unread_data(listener: socket.socket) -> None:
    """Let the kernel hold little for a client that does not read, and give up a client that is gone. Connections inherit both.

    A limit of the whole send buffer was refused: it would also slow down a client that is far away.
    """
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)


def url_of(listener: socket.socket) -> str:
    """Return a URL by which a client on this machine can reach the given listening socket."""
    return f"http://{reached_by(*listener.getsockname()[:2])}"


def reached_by(address: str, port: int) -> str:
    """Return the host and the port by which a client on this machine reaches a server that listens on an IP address."""
    return authority(_REACHED_BY.get(address, address), port)


def authority(host: str, port: int) -> str:
    """Return a host and a port as they are in a URL; an IPv6 address is in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
