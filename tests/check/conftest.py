"""Without the packages of the extra `grpc`, the tests of the checks of gRPC are left out."""

from __future__ import annotations

from tests.transports.grpc.conftest import GRPC_IS_INSTALLED

collect_ignore_glob = [] if GRPC_IS_INSTALLED else ["test_planted_call_faults.py"]
