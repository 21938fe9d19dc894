"""A second major version by files alone, on a log that has events of the first one: what publishers and readers of each are told."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.contract_copy import ContractCopy
from tests.support.order_shipped_2 import add_order_shipped_2
from tests.support.pinned_readers import WAYS, Read, following, page, pinned, stored
from tests.support.server_process import ServerProcess
from tests.support.servers import sqlite, start_server
from tests.support.subscribers import ANSWER_SECONDS
from tests.transports.grpc.foreign import GrpcClient

CANCELLED = {
    "eventType": "order.cancelled",
    "data": {"orderId": "or_2", "when": "2024-05-01T10:00:00Z"},
    "eventId": "c",
}
WHEN = "2024-05-01T10:00:00Z"
PARCEL = {"carrier": "DHL", "trackingNumber": "X1"}
DATA_1 = {"orderId": "or_1", "when": WHEN, **PARCEL}
RAISED = {"orderId": "or_1", "shippedAt": WHEN, "service": "unknown", "parcel": PARCEL}
"""What becomes of `DATA_1`."""
DATA_2 = {**RAISED, "service": "express", "warehouse": "B"}
"""Data of which readers of major 1 see `DATA_1`, too."""
NATIVE = frozenset({"new-2", "live-2", "grpc-2"})
"""The events that are published in major 2."""
PINS = (None, 1, 2)


def in_1(event_id: str, **named: str) -> dict[str, Any]:
    return {"eventType": "order.shipped", "data": DATA_1, "eventId": event_id, **named}


def in_2(event_id: str) -> dict[str, Any]:
    data = DATA_2 if event_id in NATIVE else RAISED
    return {"eventType": "order.shipped", "data": data, "eventId": event_id, "schemaVersion": "2.0.0"}


class Publisher:
    """A publisher that remembers the ids of its events."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}

    @property
    def shipped(self) -> dict[str, str]:
        """The ids of the events of the type that has two majors."""
        return {name: id for name, id in self.ids.items() if name != "c"}

    def publish(self, server: ServerProcess, *events: dict[str, Any]) -> list[tuple[str, bool]]:
        """Publish events. Returns the version and whether it was stored before, as the answer says of each."""
        answer = httpx.post(server.events_url, json=events, timeout=ANSWER_SECONDS, trust_env=False)
        published = answer.raise_for_status().json()["events"]
        for each in published:
            assert self.ids.setdefault(each["eventId"], each["id"]) == each["id"]
        return [(each["schemaVersion"], each["duplicate"]) for each in published]


@pytest.fixture(scope="module")
def publisher() -> Publisher:
    return Publisher()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, publisher: Publisher) -> Iterator[ServerProcess]:
    """A server with two majors of order.shipped, on the log of a server that had one; each has stored some events."""
    folder: Path = tmp_path_factory.mktemp("log")
    contract = ContractCopy(folder / "contract")
    add_order_shipped_2(contract)
    with start_server(sqlite(folder)) as before:
        publisher.publish(before, in_1("old"), CANCELLED, in_1("old-named", schemaVersion="1.1.0"))
    with start_server(sqlite(folder), "--contract", str(contract.root), "--grpc-port", "0") as running:
        assert publisher.publish(running, in_1("new-1"), in_2("new-2")) == [("1.2.0", False), ("2.0.0", False)]
        yield running


def expected(ids: dict[str, str], pin: int | None, *, with_versions: bool = True) -> list[Read]:
    """Return the events of the log as a reader must be sent them."""
    read = []
    for event_id, id in ids.items():
        if event_id == "c":
            read.append(Read(id, "order.cancelled", "1.1.0", CANCELLED["data"]))  # type: ignore[arg-type]
        elif pin == 2:
            read.append(Read(id, "order.shipped", "2.0.0", in_2(event_id)["data"]))
        else:
            read.append(Read(id, "order.shipped", "1.1.0" if event_id == "old-named" else "1.2.0", DATA_1))
    return read if with_versions else [each._replace(version="") for each in read]


@pytest.mark.parametrize("pin", PINS)
def test_stored_events_are_read_in_the_major_of_the_reader_in_every_way(
    server: ServerProcess, publisher: Publisher, pin: int | None
) -> None:
    for way in WAYS:
        read = stored(server, way, **pinned(pin))
        assert read == expected(publisher.ids, pin, with_versions=bool(read[0].version)), way
    assert page(server, **pinned(pin)) == expected(publisher.ids, pin)


def test_live_events_are_sent_in_the_major_of_the_reader_in_every_way(
    server: ServerProcess, publisher: Publisher
) -> None:
    with following(server, *PINS) as readers:
        publisher.publish(server, in_1("live-1"), {**CANCELLED, "eventId": "c"}, in_2("live-2"))
        ids = {event_id: publisher.ids[event_id] for event_id in ("live-1", "live-2")}
        for (way, pin), events in readers.items():
            read = [*islice(events, 2)]
            assert read == expected(ids, pin, with_versions=bool(read[0].version)), (way, pin)


def test_an_event_that_is_repeated_in_another_major_is_a_duplicate(server: ServerProcess, publisher: Publisher) -> None:
    repeated = [in_1(name) for name in publisher.shipped if name not in NATIVE] + [*map(in_2, publisher.shipped)]
    answers = publisher.publish(server, *repeated)
    assert all(duplicate for _, duplicate in answers)
    assert [version[0] for version, _ in answers] == [event.get("schemaVersion", "1")[0] for event in repeated]


@pytest.mark.parametrize("event_id", ["old", "new-1", "new-2"])
@pytest.mark.parametrize("event", [in_1, in_2])
def test_other_content_under_the_same_id_is_refused(server: ServerProcess, event: Any, event_id: str) -> None:
    other = event(event_id)
    other["data"] = {**other["data"], "orderId": "or_other"}
    assert httpx.post(server.events_url, json=other, timeout=ANSWER_SECONDS, trust_env=False).status_code == 409


def test_a_message_over_grpc_without_a_version_is_of_the_major_of_its_data(
    server: ServerProcess, publisher: Publisher
) -> None:
    with GrpcClient(server.grpc_address) as client:
        of_1 = {"order_id": "or_1", "when": WHEN, "carrier": "DHL", "tracking_number": "X1"}
        parcel = {"carrier": "DHL", "tracking_number": "X1"}
        of_2 = {"order_id": "or_1", "shipped_at": WHEN, "service": "express", "warehouse": "B", "parcel": parcel}
        events = [{"event_id": "grpc-1", "order_shipped_v1": of_1}, {"event_id": "grpc-2", "order_shipped_v2": of_2}]
        published = client.publish(*events).events
    assert [(each.schema_version, each.duplicate) for each in published] == [("1.2.0", False), ("2.0.0", False)]
    publisher.ids.update((each.event_id, each.id) for each in published)
    for pin in PINS:
        assert page(server, orderId="or_1", **pinned(pin)) == expected(publisher.shipped, pin)


def test_filters_select_the_same_events_in_every_major(server: ServerProcess, publisher: Publisher) -> None:
    for pin in (1, 2):
        assert page(server, majorVersion=pin, orderId="or_1") == expected(publisher.shipped, pin)
        assert page(server, majorVersion=pin, eventTypes="order.cancelled") == expected({"c": publisher.ids["c"]}, pin)


def test_a_major_that_there_is_not_is_refused(server: ServerProcess) -> None:
    answer = httpx.get(server.events_url, params={"majorVersion": 3}, timeout=ANSWER_SECONDS, trust_env=False)
    assert answer.status_code == 400
