"""A client that does nothing wrong, while another one does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.support.server_process import ServerProcess
from tests.support.servers import reset_peak, resident_bytes
from tests.transports.grpc.foreign import GrpcClient, events_of, shipped
from tests.transports.http.orders import new_order

# Much less than what each of the tests sends or declares. An allocator keeps some of what it has once had.
MORE_MEMORY: Final = 128 * 2**20


@contextmanager
def bystander(server: ServerProcess, most_bytes: int = MORE_MEMORY) -> Iterator[None]:
    """Fail if the stream of another client is disturbed, or the memory of the server grows by more, while the context is open."""
    order = new_order()
    with GrpcClient(server.grpc_address) as client:
        stream = client.subscribe(order_id=[order])
        next(stream)
        reset_peak(server.pid)
        before = resident_bytes(server.pid)
        yield
        grown = resident_bytes(server.pid, peak=True) - before
        published = client.publish(shipped(order)).events[0]
        assert next(events_of(stream)).id == published.id
        stream.cancel()
    assert grown < most_bytes
    assert "Traceback" not in "".join(server.output)
