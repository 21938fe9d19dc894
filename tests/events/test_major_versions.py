"""A log with events of two major versions of a type, in each store: stored in the newest one, and read in that of the reader."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.events.errors import EventIdConflict
from app.events.event import Event, StoredEvent
from app.events.filter import EVERYTHING, Filter, filter_of
from app.events.log.event_log import EventLog
from app.events.log.event_store import EventStore, Page
from app.events.log.read_page import read_page
from app.events.log.seen_page import seen_page
from app.events.log.start import Start
from app.specification.contracts import Contracts, load_contracts
from app.stores.memory import MemoryStore
from app.stores.replica.node_copy.local_copy import LocalCopy
from app.stores.replica.replica_store import ReplicaStore
from app.stores.sqlite.store import SqliteStore
from tests.events.logs import subscribe, turns
from tests.events.publishing.test_publishing import publisher
from tests.support.contract_copy import ContractCopy
from tests.support.memory_shared_log import MemorySharedLog
from tests.support.order_shipped_2 import add_order_shipped_2

WHEN = "2024-05-01T10:00:00Z"
DATA_1 = {"orderId": "or_1", "when": WHEN, "carrier": "DHL"}
DATA_2 = {"orderId": "or_1", "shippedAt": WHEN, "service": "unknown", "parcel": {"carrier": "DHL"}}
"""What becomes of `DATA_1`."""
OLD = Event("order.shipped", "1.1.0", "old", "or_1", json.dumps(DATA_1))
STORES = ("memory", "sqlite", "shared")


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Contracts:
    copy = ContractCopy(tmp_path_factory.mktemp("contract"))
    add_order_shipped_2(copy)
    return load_contracts(copy.contracts)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> EventStore:
    match request.param:
        case "memory":
            return MemoryStore()
        case "sqlite":
            return SqliteStore(tmp_path / "log.db")
        case _:
            return ReplicaStore(MemorySharedLog().connect(), LocalCopy(tmp_path / "copy.db"))


@asynccontextmanager
async def opening(store: EventStore) -> AsyncIterator[EventLog]:
    log = EventLog(store)
    await log.open()
    try:
        yield log
    finally:
        await log.close()


def submission(event_id: str, version: str | None = None) -> dict[str, Any]:
    named = {} if version is None else {"schemaVersion": version}
    data = DATA_2 if version == "2.0.0" else DATA_1
    return {"eventType": "order.shipped", "data": data, "eventId": event_id, **named}


def seen(events: Any) -> list[tuple[str, str, Any]]:
    return [(each.event_id, each.schema_version, json.loads(each.data)) for each in events]


async def test_each_store_has_the_newest_major_and_its_readers_have_their_own(
    store: EventStore, contracts: Contracts
) -> None:
    async with opening(store) as log:
        await log.append([OLD])  # as a server with the contract of before has stored it
        to = publisher(log, contracts)
        appended = await to.publish([submission("one"), submission("two", "2.0.0"), submission("two", "1.1.0")])
        assert [(each.stored.schema_version, each.duplicate) for each in appended] == [
            ("1.2.0", False),
            ("2.0.0", False),
            ("1.1.0", True),
        ]
        in_1, in_2 = (filter_of(None, ["or_1"], contracts.reading(major)) for major in (1, 2))
        for filter, versions, data in ((in_1, ("1.1.0", "1.2.0", "1.2.0"), DATA_1), (in_2, ("2.0.0",) * 3, DATA_2)):
            for page in (log.as_sent(await store.read(0, 3, filter, 10), filter), await log.read(0, 3, filter, 10)):
                assert seen(page.events) == [
                    (each, version, data) for each, version in zip(("old", "one", "two"), versions, strict=True)
                ]


async def test_an_event_that_an_older_server_stored_is_repeated_in_any_major(
    store: EventStore, contracts: Contracts
) -> None:
    async with opening(store) as log:
        await log.append([OLD])
        to = publisher(log, contracts)
        for version in (None, "1.1.0", "1.2.0", "2.0.0"):
            [(stored, duplicate)] = await to.publish([submission("old", version)])
            assert (stored.offset, duplicate) == (1, True)
            assert stored.schema_version == ("2.0.0" if version == "2.0.0" else "1.1.0")
        for version in (None, "2.0.0"):
            other = submission("old", version)
            with pytest.raises(EventIdConflict):
                await to.publish([{**other, "data": {**other["data"], "orderId": "or_2"}}])


@pytest.mark.parametrize("version", ["1.0.0", "1.7.0"])
async def test_an_event_of_a_version_that_is_not_there_is_repeated_in_any_major(tmp_path: Path, version: str) -> None:
    """It was retired and removed, or only a newer server has it; readers see its events, so a repetition is recognised too."""
    copy = ContractCopy(tmp_path / "contract")
    add_order_shipped_2(copy)
    shutil.rmtree(copy.contracts / "order.shipped" / "1.0.0")
    async with opening(MemoryStore()) as log:
        await log.append([OLD._replace(schema_version=version)])
        to = publisher(log, load_contracts(copy.contracts))
        for named in (None, "1.1.0", "2.0.0"):
            [(_, duplicate)] = await to.publish([submission("old", named)])
            assert duplicate


async def test_a_page_is_converted_once_for_all_readers_of_a_major(contracts: Contracts) -> None:
    """Readers are sent the very same page, so it is encoded once for all of them."""
    in_1, in_2 = (replace(EVERYTHING, reading=contracts.reading(major)) for major in (1, 2))
    async with opening(MemoryStore()) as log:
        readers = [subscribe(log, Start(0), filter) for filter in (in_1, in_1, in_2, in_2)]
        for reader in readers:
            reader.fan_out.open(reader.subscription, reader)
            reader._opened = True
        await turns()
        await publisher(log, contracts).publish([submission("one"), submission("two", "2.0.0")])
        live = [await reader.advance() for reader in readers]
        replayed = [await subscribe(log, Start(0), filter).advance() for filter in (in_1, in_1, in_2, in_2)]
        for pages in (live, replayed):
            assert pages[0] is pages[1]
            assert pages[2] is pages[3]
            in_each = [seen(page.events)[0][2] for page in (pages[0], pages[2]) if isinstance(page, Page)]
            assert in_each == [DATA_1, DATA_2]


async def test_a_restricted_reader_has_opaque_ids_in_every_major(contracts: Contracts) -> None:
    async with opening(MemoryStore()) as log:
        await publisher(log, contracts).publish([submission("one")])
        ids = []
        for major in (1, 2):
            filter = Filter(order_ids=frozenset({"or_1"}), restricted=True, reading=contracts.reading(major))
            page = await read_page(log, Start(0), filter, 10, 0)
            assert seen(page.events) == [("one", *(("1.2.0", DATA_1) if major == 1 else ("2.0.0", DATA_2)))]
            ids.append(page.ids)
        assert ids[0] == ids[1] == list(log.ids.page(page, filter).opaque_ids)


def test_a_page_without_events_of_another_major_stays_the_same(contracts: Contracts) -> None:
    page = Page([StoredEvent(1, "e", "order.cancelled", "1.0.0", "x", "or_1", 1, "{}")], 1)
    assert seen_page(page, contracts.reading(1)) is page
