"""The packages of the extra `grpc` are there; without them this is the only test of gRPC."""

from __future__ import annotations

from tests.support.programs import unavailable
from tests.transports.grpc.conftest import GRPC_IS_INSTALLED


def test_packages_of_the_extra_are_installed() -> None:
    if not GRPC_IS_INSTALLED:
        unavailable("grpcio is not installed, so no test of gRPC runs.")
