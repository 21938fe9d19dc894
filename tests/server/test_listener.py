"""The address on which a server listens, and the URL that it prints."""

from __future__ import annotations

import socket
from contextlib import suppress

import httpx
import pytest

from app.server.listener import UNACKNOWLEDGED_MS, UNSENT_BYTES, listen, url_of
from app.specification.errors import StartupError
from tests.support.programs import unavailable
from tests.support.server_process import ServerProcess

EVERY_IPV4 = "0.0.0.0"  # noqa: S104  # for a moment


@pytest.fixture
def ipv6() -> None:
    try:
        listen("::1", 0).close()
    except StartupError:
        unavailable("This machine has no IPv6.")


@pytest.mark.usefixtures("ipv6")
def test_every_address_is_that_of_both_families() -> None:
    with ServerProcess("--store", "memory:", "--host", "::", "--anonymous") as server:
        for url in (server.url, f"http://127.0.0.1:{server.port}", f"http://[::1]:{server.port}"):
            assert httpx.get(f"{url}/health/live").json() == {"status": "live"}
        assert server.url == f"http://localhost:{server.port}"


@pytest.mark.usefixtures("ipv6")
def test_one_address_of_ipv6_is_not_one_of_ipv4() -> None:
    with listen("::1", 0) as listener:
        port = listener.getsockname()[1]
        assert url_of(listener) == f"http://[::1]:{port}"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


@pytest.mark.parametrize(
    ("host", "reached_by"), [(EVERY_IPV4, "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1")]
)
def test_url_is_one_that_can_be_opened(host: str, reached_by: str) -> None:
    with listen(host, 0) as listener:
        url = url_of(listener)
        assert url == f"http://{reached_by}:{listener.getsockname()[1]}"
        socket.create_connection((reached_by, listener.getsockname()[1])).close()


@pytest.mark.usefixtures("ipv6")
def test_port_in_use_by_one_family_is_in_use() -> None:
    with listen(EVERY_IPV4, 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(
            StartupError, match=rf"Cannot listen on \[::\]:{port}: Address already in use. Stop .* another port;"
        ):
            listen("::", port)


def test_name_of_no_host_is_said_once() -> None:
    with pytest.raises(StartupError, match=r"^Cannot listen on no-such-host\.invalid:80: [^(]+\.$"):
        listen("no-such-host.invalid", 80)


@pytest.mark.skipif(
    not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux gives up a peer that acknowledges nothing"
)
def test_kernel_holds_little_for_a_client_that_does_not_read_and_gives_it_up() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()) as client:
        accepted, _ = listener.accept()
        with accepted:
            accepted.setblocking(False)
            sent_bytes = 0
            with suppress(BlockingIOError):
                while True:
                    sent_bytes += accepted.send(b"x" * 10_000)
            received_bytes = client.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
            assert sent_bytes < received_bytes + 2 * UNSENT_BYTES
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == UNACKNOWLEDGED_MS
