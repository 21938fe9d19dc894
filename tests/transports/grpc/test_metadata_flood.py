"""Metadata without an end: grpcio reads on and discards them, so the memory is bounded, but by how fast it reads."""

from __future__ import annotations

from typing import Final

import pytest

from tests.support.server_process import ServerProcess
from tests.transports.grpc.bystander import bystander
from tests.transports.grpc.http2 import CONTINUATION, HEADERS, Connection, ends, frame, headers, literal, repeated

SENT: Final = 2 * 2**30
# Of 1 to 4 GiB, 113 to 531 MiB were in memory at once, no more of more: what had been received and not yet discarded.
MOST: Final = 2**30


@pytest.mark.parametrize("acknowledges", [True, False])
def test_metadata_without_end_do_not_fill_the_memory(server: ServerProcess, acknowledges: bool) -> None:
    with bystander(server, MOST), Connection(server.grpc_address, acknowledges=acknowledges) as connection:
        connection.send(frame(HEADERS, 0, 1, headers("Publish")))
        ends(connection, repeated(frame(CONTINUATION, 0, 1, literal("x-more", "y" * 16_000)), SENT))
