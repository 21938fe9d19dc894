"""The data of events as messages: every valid value comes back as it was, and what no message can carry is not made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.specification.contracts import load_contracts
from app.transports.grpc.messages.descriptors import MessageClasses
from app.transports.grpc.messages.event_messages import DataMessages
from tests.support.rich_contract import ROOT, WEIGHED, contracts_with, derived, event_contract, rich_proto
from tests.support.schema_values import ANYTHING, values_of

PROTO = rich_proto()
CONTRACTS = contracts_with(event_contract("order.weighed", "1.0.0", WEIGHED))
EVENT = MessageClasses(PROTO)["Event"]
DATA = DataMessages(PROTO, CONTRACTS)
SCHEMAS = {name: CONTRACTS.get(name, CONTRACTS.versions(name)[-1]).schema for name in CONTRACTS.event_types}
EXAMPLES = sorted((ROOT / "contracts").glob("order.*/*/examples/valid-*.json"))
WEIGHT = {"orderId": "or_1", "weight": 1.5, "items": [], "path": []}


def sent(event_type: str, data: dict[str, Any]) -> Any:
    """Return the message `Event` as a client reads it."""
    event = EVENT(id="a-1", event_type=event_type, **DATA.arguments(event_type, "1.0.0", data))
    return EVENT.FromString(event.SerializeToString())


def same(one: object, other: object) -> bool:
    """Return whether two JSON values are equal; True is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and one == other


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parts[-4]}-{path.stem}")
def test_example_comes_back_as_it_was(path: Path) -> None:
    data = json.loads(path.read_text())
    assert DATA.json_object(sent(path.parts[-4], data)) == (path.parts[-4], data)


@settings(max_examples=60, deadline=None)
@given(values_of(WEIGHED))
def test_data_of_every_form_come_back_as_they_were(data: dict[str, Any]) -> None:
    found = DATA.json_object(sent("order.weighed", data))
    assert found is not None
    assert found[0] == "order.weighed"
    assert same(found[1], data)


@pytest.mark.parametrize("event_type", load_contracts(ROOT / "contracts").event_types)
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_data_of_the_repository_come_back_as_they_were(event_type: str, data: st.DataObject) -> None:
    value = data.draw(values_of(SCHEMAS[event_type]))
    assert DATA.json_object(sent(event_type, value)) == (event_type, value)


@settings(max_examples=60, deadline=None)
@given(ANYTHING)
def test_any_json_value_comes_back_as_it_was(value: Any) -> None:
    found = DATA.json_object(sent("order.weighed", {**WEIGHT, "any": value, "kinds": [value]}))
    assert found is not None
    assert same(found[1]["any"], value)
    assert same(found[1]["kinds"], [value])


def test_fields_are_named_as_protocol_buffers_name_them() -> None:
    event = sent(
        "order.weighed", {**WEIGHT, "HTTPStatus2": 200, "deep": {"item": {"sku": "a"}}, "either": 5, "from": "x"}
    )
    data = event.order_weighed_v1
    assert (data.http_status2, data.deep.item.sku, data.either.number_value, getattr(data, "from")) == (
        200,
        "a",
        5,
        "x",
    )


def test_event_of_an_unknown_type_or_version_has_no_data() -> None:
    assert DATA.arguments("order.lost", "1.0.0", {"orderId": "a"}) == {}
    assert DATA.arguments("order.weighed", "2.0.0", WEIGHT) == {}
    assert sent("order.lost", {"orderId": "a"}).event_type == "order.lost"


def test_integer_beyond_64_bits_leaves_the_data_out() -> None:
    assert DATA.arguments("order.weighed", "1.0.0", {**WEIGHT, "box": {"sku": "a", "count": 1e300}}) == {}


def test_clients_with_an_older_proto_keep_id_and_type() -> None:
    older = MessageClasses(derived())["Event"]
    read = older.FromString(sent("order.weighed", WEIGHT).SerializeToString())
    assert (read.id, read.event_type, read.WhichOneof("data")) == ("a-1", "order.weighed", None)
