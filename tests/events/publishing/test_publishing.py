from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.events.errors import Draining, EventIdConflict, NotPermitted, StoreUnavailable
from app.events.event import Event
from app.events.filter import EVERYTHING, Filter
from app.events.log.event_log import EventLog
from app.events.log.event_store import Appended
from app.events.publishing.accept import Acceptance, Violations
from app.events.publishing.publish import EVENTS_PER_TURN, REFUSALS_PER_TURN, Publisher
from app.specification.contracts import Contracts, load_contracts
from app.specification.errors import ContractViolation, InvalidContract
from app.specification.schema.schema import Schema, compile_schema
from app.specification.strict_json import JsonValue
from app.stores.memory import MemoryStore
from tests.events.logs import open_log

RELEASED = load_contracts(Path(__file__).parents[3] / "contracts")
BATCH_MAXIMUM = 1000
ID: JsonValue = {"type": "string", "pattern": "^[0-9A-Za-z_.:-]{1,128}$"}
VERSION_PATTERN = r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$"


def envelope(event_type: str) -> Schema:
    return compile_schema(
        {
            "type": "object",
            "required": ["eventType", "data"],
            "properties": {
                "eventType": {"type": "string", "enum": [event_type]},
                "data": {"type": "object"},
                "eventId": ID,
                "schemaVersion": {"type": "string", "pattern": VERSION_PATTERN, "maxLength": 32},
            },
            "additionalProperties": False,
        },
        event_type,
    )


def publisher(log: EventLog, contracts: Contracts = RELEASED) -> Publisher:
    envelopes = {event_type: envelope(event_type) for event_type in contracts.event_types}
    return Publisher(log, contracts, envelopes, batch_maximum=BATCH_MAXIMUM)


def shipped(event_id: str | None = None, **more: JsonValue) -> dict[str, JsonValue]:
    named: dict[str, JsonValue] = {} if event_id is None else {"eventId": event_id}
    data: JsonValue = {"orderId": "or_1", "when": "2024-05-01T10:00:00Z"}
    return {"eventType": "order.shipped", "data": data, **named, **more}


async def published(*submissions: JsonValue, contracts: Contracts = RELEASED) -> list[Appended]:
    return await publisher(await open_log(), contracts).publish(submissions)


async def violations(*submissions: JsonValue) -> tuple[list[tuple[int, str, str]], int]:
    log = await open_log()
    with pytest.raises(ContractViolation) as refused:
        await publisher(log).publish(submissions)
    assert log.head == 0
    return [(each.index, each.pointer, each.message) for each in refused.value.violations], refused.value.total


async def test_events_are_stored_adjacent_and_in_order() -> None:
    appended = await published(*(shipped(f"e-{number}") for number in range(100)))
    assert [each.stored.event_id for each in appended] == [f"e-{number}" for number in range(100)]
    assert [each.stored.offset for each in appended] == list(range(1, 101))
    assert not any(each.duplicate for each in appended)


async def test_data_is_kept_as_one_line_of_ascii_with_its_keys_in_order() -> None:
    data: JsonValue = {"reason": "não\n\u2028", "when": "2016-10-04T10:18:57-03:00", "orderId": "or_1"}
    [appended] = await published({"eventType": "order.cancelled", "data": data})
    assert appended.stored.data == r'{"reason":"n\u00e3o\n\u2028","when":"2016-10-04T10:18:57-03:00","orderId":"or_1"}'
    assert appended.stored.order_id == "or_1"


async def test_an_event_without_an_id_or_a_version_is_given_both() -> None:
    first, second = await published(shipped(), shipped())
    assert first.stored.event_id != second.stored.event_id
    assert str(uuid.UUID(first.stored.event_id)) == first.stored.event_id
    assert first.stored.schema_version == "1.2.0"


@pytest.mark.parametrize("count", [0, BATCH_MAXIMUM + 1])
async def test_a_batch_of_none_or_too_many_is_refused_as_a_whole(count: int) -> None:
    found, total = await violations(*(shipped() for _ in range(count)))
    assert (found, total) == ([(0, "", "must have at least 1 and at most 1000 items")], 1)


async def test_a_log_that_drains_takes_no_events() -> None:
    log = await open_log()
    log.drain()
    with pytest.raises(Draining, match=r"^The server is about to stop; repeat the request in a moment\.$"):
        await publisher(log).publish([{}])
    assert log.head == 0


async def test_each_event_is_checked_against_the_version_that_it_names(tmp_path: Path) -> None:
    base: dict[str, Any] = {"type": "object", "required": ["orderId"], "properties": {"orderId": ID}}
    newer = {**base, "properties": {"orderId": ID, "carrier": {"type": "string"}}}
    for version, schema in (("1.0.0", base), ("1.1.0", newer)):
        place = tmp_path / "order.shipped" / version
        (place / "examples").mkdir(parents=True)
        (place / "schema.json").write_text(json.dumps({**schema, "additionalProperties": False}))
        (place / "examples" / "valid-one.json").write_text('{"orderId": "or_1"}')
        (place / "examples" / "invalid-empty.json").write_text("{}")
    contracts = load_contracts(tmp_path)
    with_carrier: JsonValue = {"orderId": "or_1", "carrier": "dhl"}

    [appended] = await published({"eventType": "order.shipped", "data": with_carrier}, contracts=contracts)
    assert appended.stored.schema_version == "1.1.0"
    with pytest.raises(ContractViolation):
        await published(
            {"eventType": "order.shipped", "data": with_carrier, "schemaVersion": "1.0.0"}, contracts=contracts
        )
    bare: JsonValue = {"eventType": "order.shipped", "data": {"orderId": "or_1"}, "schemaVersion": "1.0.0"}
    [appended] = await published(bare, contracts=contracts)
    assert appended.stored.schema_version == "1.0.0"


async def test_only_a_named_version_counts_as_content() -> None:
    to = publisher(await open_log())
    [event] = to.check([shipped("e-1")])
    [named] = to.check([shipped("e-1", schemaVersion="1.0.0")])
    assert (event.version_named, named.version_named) == (False, True)


TYPES = "must be one of 'order.cancelled', 'order.shipped'"
PATTERN = "must match the pattern ^[0-9A-Za-z_.:-]{1,128}$"
WHEN = "must be a date and time of RFC 3339 with its offset, such as 2024-05-01T10:00:00Z"


@pytest.mark.parametrize(
    ("submission", "expected"),
    [
        (None, [("", "must be an object")]),
        ("order.shipped", [("", "must be an object")]),
        ([shipped()], [("", "must be an object")]),
        ({}, [("", "must have the property 'eventType'")]),
        ({"data": {}}, [("", "must have the property 'eventType'")]),
        ({"eventType": "order.lost", "data": 1, "x": 1}, [("/eventType", f"{TYPES}, not 'order.lost'")]),
        ({"eventType": "order.lost" * 9999}, [("/eventType", f"{TYPES}, not '{'order.lost' * 3}order.los…'")]),
        ({"eventType": None}, [("/eventType", f"{TYPES}, not null")]),
        ({"eventType": ["order.shipped"]}, [("/eventType", f"{TYPES}, not an array")]),
        ({"eventType": {}}, [("/eventType", f"{TYPES}, not an object")]),
        (shipped(eventType="order.shipped\n"), [("/eventType", rf"{TYPES}, not 'order.shipped\n'")]),
        (shipped(eventType="Order.Shipped"), [("/eventType", f"{TYPES}, not 'Order.Shipped'")]),
        (
            {"eventType": "stream.closing", "data": {"reason": "drain"}},
            [("/eventType", f"{TYPES}, not 'stream.closing'")],
        ),
        ({"eventType": "stream.checkpoint", "data": {}}, [("/eventType", f"{TYPES}, not 'stream.checkpoint'")]),
        ({"eventType": "order.shipped"}, [("", "must have the property 'data'")]),
        (shipped(data=None), [("/data", "must be an object")]),
        (shipped(data=[]), [("/data", "must be an object")]),
        (shipped(data="{}"), [("/data", "must be an object")]),
        (shipped(data={}), [("/data", "must have the property 'orderId'"), ("/data", "must have the property 'when'")]),
        (shipped(data={"orderId": "a\r", "when": "now"}), [("/data/orderId", PATTERN), ("/data/when", WHEN)]),
        (shipped(schemaVersion="1.0.1"), [("/schemaVersion", "must be one of '1.0.0', '1.1.0', '1.2.0', not '1.0.1'")]),
        (shipped(schemaVersion="1.0.0\n"), [("/schemaVersion", f"must match the pattern {VERSION_PATTERN}")]),
        (shipped(schemaVersion=1), [("/schemaVersion", "must be a string")]),
        (shipped(schemaVersion=None), [("/schemaVersion", "must be a string")]),
        (
            shipped(schemaVersion="9" * 99),
            [
                ("/schemaVersion", "must have at most 32 characters"),
                ("/schemaVersion", f"must match the pattern {VERSION_PATTERN}"),
            ],
        ),
        (shipped(eventId=""), [("/eventId", PATTERN)]),
        (shipped(eventId="a\n"), [("/eventId", PATTERN)]),
        (shipped(eventId="a\x00b"), [("/eventId", PATTERN)]),
        (shipped(eventId="a\u2028"), [("/eventId", PATTERN)]),
        (shipped(eventId="x" * 129), [("/eventId", PATTERN)]),
        (shipped(eventId=1), [("/eventId", "must be a string")]),
        (shipped(eventId=None), [("/eventId", "must be a string")]),
        (shipped(id="e-1"), [("", "must not have the property 'id'")]),
        (
            {"eventType": "order.cancelled", "schemaVersion": "7.0.0", "eventId": 1, "data": {}, "x": 1},
            [
                ("", "must not have the property 'x'"),
                ("/eventId", "must be a string"),
                ("/schemaVersion", "must be one of '1.0.0', '1.1.0', not '7.0.0'"),
            ],
        ),
        (
            {"eventType": "order.cancelled", "eventId": 1, "data": {"orderId": "a", "reason": ""}, "x": 1},
            [
                ("", "must not have the property 'x'"),
                ("/data", "must have the property 'when'"),
                ("/data/reason", "must have at least 1 character"),
                ("/eventId", "must be a string"),
            ],
        ),
    ],
)
async def test_an_event_that_breaks_its_contract_has_every_breach_named(
    submission: JsonValue, expected: list[tuple[str, str]]
) -> None:
    found, total = await violations(submission)
    assert found == [(0, pointer, message) for pointer, message in expected]
    assert total == len(expected)


async def test_every_bad_event_of_a_request_is_listed_and_none_is_stored() -> None:
    found, total = await violations(shipped("e-1"), shipped(data={}), shipped("e-2"), 7, shipped("e-3", x=1))
    assert [(index, pointer) for index, pointer, _ in found] == [(1, "/data"), (1, "/data"), (3, ""), (4, "")]
    assert total == 4


async def test_ten_breaches_of_an_event_are_listed_and_all_are_counted() -> None:
    unknown: dict[str, JsonValue] = {f"x{number:02}": 1 for number in range(30)}
    found, total = await violations(shipped(data=unknown, eventId=1), {**shipped(), **unknown}, {"eventType": 1})
    assert [sum(index == number for index, _, _ in found) for number in range(3)] == [10, 10, 1]
    assert total == (30 + 2 + 1) + 30 + 1


async def test_a_refusal_says_how_many_events_are_bad() -> None:
    to = publisher(await open_log())
    with pytest.raises(ContractViolation, match=r"^1 event breaks its contract; nothing was stored\.$"):
        await to.publish([{}])
    with pytest.raises(ContractViolation, match=r"^2 events break their contract; nothing was stored\.$"):
        await to.publish([{}, shipped(), {}])


async def test_the_same_event_again_is_a_duplicate_of_the_first() -> None:
    log = await open_log()
    to = publisher(log)
    [first] = await to.publish([shipped("e-1")])
    [again, twice] = await to.publish([shipped("e-1", schemaVersion="1.2.0"), shipped("e-1")])
    assert (again.stored, again.duplicate, twice.stored, twice.duplicate) == (
        first.stored,
        True,
        first.stored,
        True,
    )
    assert log.head == 1
    assert (+to.published, to.duplicates, to.refused) == ({"order.shipped": 1}, 2, 0)


async def test_a_hundred_parallel_publishes_of_one_event_store_one() -> None:
    log = await open_log()
    to = publisher(log)
    results = await asyncio.gather(*(to.publish([shipped("e-1")]) for _ in range(100)))
    assert {appended.stored.offset for [appended] in results} == {1}
    assert sum(not appended.duplicate for [appended] in results) == 1
    assert log.head == 1


async def test_an_event_id_with_other_content_is_a_conflict_at_its_index() -> None:
    log = await open_log()
    to = publisher(log)
    await to.publish([shipped("e-1")])
    other = shipped("e-1", data={"orderId": "or_2", "when": "2024-05-01T10:00:00Z"})
    with pytest.raises(EventIdConflict) as conflict:
        await to.publish([shipped("e-2"), shipped("e-1"), other])
    assert (conflict.value.index, conflict.value.event_id) == (2, "e-1")
    assert log.head == 1
    assert (+to.published, to.duplicates, to.refused) == ({"order.shipped": 1}, 0, 1)


async def test_an_event_that_its_sender_may_not_publish_is_refused_with_its_index() -> None:
    log = await open_log()
    submissions = [shipped("e-1"), shipped("e-2", data={"orderId": "or_2", "when": "2024-05-01T10:00:00Z"})]
    publishing = publisher(log)
    with pytest.raises(NotPermitted) as raised:
        await publishing.publish(submissions, Filter(order_ids=frozenset({"or_1"})))
    assert raised.value.index == 1
    assert (log.head, publishing.refused) == (0, 1)
    await publishing.publish(submissions, Filter(order_ids=frozenset({"or_1", "or_2"})))
    assert log.head == 2


async def test_an_event_that_breaks_its_contract_is_refused_for_that_reason_first() -> None:
    with pytest.raises(ContractViolation):
        await publisher(await open_log()).publish([shipped("e-1", data={})], Filter(event_types=frozenset()))


async def test_counters_count_stored_repeated_and_refused_events() -> None:
    to = publisher(await open_log())
    data: JsonValue = {"orderId": "or_1", "when": "2024-05-01T10:00:00Z"}
    await to.publish([shipped("e-1"), shipped("e-2"), {"eventType": "order.cancelled", "data": data}, shipped("e-1")])
    with pytest.raises(ContractViolation):
        await to.publish([shipped(), {}, shipped(data={})])
    assert (+to.published, to.duplicates, to.refused) == ({"order.shipped": 2, "order.cancelled": 1}, 1, 2)


class FullDisk(MemoryStore):
    async def append(self, events: Sequence[Event]) -> list[Appended]:
        raise StoreUnavailable(f"The disk has no room for {len(events)} events.")


async def test_a_store_that_cannot_write_is_reported_and_nothing_is_counted() -> None:
    log = EventLog(FullDisk())
    await log.open()
    to = publisher(log)
    with pytest.raises(StoreUnavailable):
        await to.publish([shipped()])
    assert (+to.published, to.duplicates, to.refused) == ({}, 0, 0)


async def test_streams_go_on_while_a_thousand_events_are_checked() -> None:
    log = await open_log()
    publishing = asyncio.create_task(publisher(log).publish([shipped(f"e-{number}") for number in range(1000)]))
    turns = 0
    while not publishing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 1000 // EVENTS_PER_TURN
    assert len((await log.read(0, log.head, EVERYTHING, 2000)).events) == 1000


async def test_streams_go_on_all_the_more_while_a_thousand_events_are_refused() -> None:
    publishing = asyncio.create_task(publisher(await open_log()).publish([shipped(x=1)] * 1000))
    turns = 0
    while not publishing.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 1000 // REFUSALS_PER_TURN
    assert isinstance(publishing.exception(), ContractViolation)


async def test_a_crowd_of_refused_requests_takes_one_piece_of_each_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[object] = []
    violations = Acceptance.violations

    def counted(acceptance: Acceptance, submission: JsonValue, limit: int) -> Violations:
        named.append(submission)
        return violations(acceptance, submission, limit)

    monkeypatch.setattr(Acceptance, "violations", counted)
    to = publisher(await open_log())
    crowd = [asyncio.create_task(to.publish([shipped(x=1)] * 100)) for _ in range(8)]
    most = 0
    while not all(each.done() for each in crowd):
        before = len(named)
        await asyncio.sleep(0)
        most = max(most, len(named) - before)
    assert all(isinstance(each.exception(), ContractViolation) for each in crowd)
    assert 0 < most <= REFUSALS_PER_TURN


async def test_a_check_raises_violations_and_stores_and_counts_nothing() -> None:
    log = await open_log()
    to = publisher(log)
    assert [event.event_id for event in to.check([shipped("e-1")])] == ["e-1"]
    with pytest.raises(ContractViolation):
        to.check([shipped(), {}])
    assert (log.head, +to.published, to.duplicates, to.refused) == (0, {}, 0, 0)


@pytest.mark.parametrize(
    ("event_types", "line"),
    [
        (["order.shipped"], "The event type order.cancelled has no schema for publishing it in the OpenAPI document."),
        (["order.shipped", "order.cancelled", "order.lost"], "The event type order.lost has no contract."),
        (["order.shipped", "order.cancelled", "stream.gap"], "The event type stream.gap has no contract."),
    ],
)
async def test_contracts_and_envelopes_must_have_the_same_types(event_types: list[str], line: str) -> None:
    log = await open_log()
    with pytest.raises(InvalidContract) as refused:
        Publisher(log, RELEASED, {each: envelope(each) for each in event_types}, batch_maximum=BATCH_MAXIMUM)
    assert refused.value.detail == line
