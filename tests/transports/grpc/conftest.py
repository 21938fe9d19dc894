"""Fixtures of the gRPC tests. Without the packages of the extra `grpc`, one test is skipped that says so, or fails in CI."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from tests.support.server_process import QUICK, ServerProcess
from tests.transports.grpc.http2 import Connection

GRPC_IS_INSTALLED = all(find_spec(name) for name in ("grpc", "grpc_health", "grpc_reflection", "grpc_status"))

collect_ignore_glob = [] if GRPC_IS_INSTALLED else ["test_[!i]*.py"]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """A server with an empty log in memory that serves gRPC, too; shared by the tests of one file."""
    with ServerProcess("--store", "memory:", "--grpc-port", "0", *QUICK) as running:
        yield running


@pytest.fixture
def connection(server: ServerProcess) -> Iterator[Connection]:
    """A connection whose frames the test writes."""
    with Connection(server.grpc_address) as opened:
        yield opened


@pytest.fixture
def undisturbed(server: ServerProcess) -> Iterator[None]:
    """Another client, whose stream must go on, and the memory of the server, which must not grow."""
    from tests.transports.grpc.bystander import bystander  # noqa: PLC0415  # of an optional package

    with bystander(server):
        yield
