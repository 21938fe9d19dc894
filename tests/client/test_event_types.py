"""The event types of the client are those of the contract, and a schema becomes the type that readers can rely on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, assert_type

import pytest

import app.client
from app.client import (
    AsyncOrdersClient,
    AsyncOrderStream,
    Checkpoint,
    Gap,
    OrderEvent,
    OrdersClient,
    OrderShipped,
    OrderStream,
)
from app.client.event_types import EVENT_CLASSES, OrderShippedData
from app.specification.derived.python_types import class_name, python_types
from tests.cli.command import run
from tests.support.contract_copy import ContractCopy
from tests.support.installed_client import client_environment
from tests.support.order_returned import add_order_returned

ROOT = Path(__file__).parents[2]


def test_event_types_of_the_client_are_those_of_the_released_contract() -> None:
    ran = run("types", "--import-from", ".events")
    assert (ran.code, ran.errors) == (0, [])
    assert ran.out == (ROOT / "app" / "client" / "event_types.py").read_text(), "run `make types`"


def test_unreleased_event_type_has_no_class(tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    add_order_returned(copy)
    assert run("types", "--contract", str(copy.root)) == run("types")


def test_released_event_type_has_a_class(tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    add_order_returned(copy)
    copy.move_to_next_minor()
    assert run("contracts", "--number", "--release", "--contract", str(copy.root)).code == 0
    written = run("types", "--contract", str(copy.root)).out
    assert "class OrderReturned(OrderEvent):" in written
    assert "    items: int\n" in written
    compile(written, "event_types.py", "exec")


def test_types_for_other_programs_import_the_installed_client(tmp_path: Path) -> None:
    (tmp_path / "order_types.py").write_text(run("types").out)
    program = "import order_types, orders_events_client as c; assert issubclass(order_types.OrderShipped, c.OrderEvent)"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=client_environment())


def test_unreadable_contract_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "released.json").write_text("{}")
    ran = run("types", "--contract", str(tmp_path))
    assert (ran.code, ran.out, len(ran.errors)) == (1, "", 1)


def shown(schema: dict[str, Any]) -> str:
    """The module for one property."""
    return python_types(
        {"order.held": {"type": "object", "required": ["it"], "properties": {"it": schema}}}, "app.client"
    )


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        ({"type": "string", "pattern": "^x$"}, "str"),
        ({"type": "integer"}, "int"),
        ({"type": "number"}, "float"),
        ({"type": "boolean"}, "bool"),
        ({"type": "string", "enum": ["a", 'b"\\']}, 'Literal["a", "b\\"\\\\"]'),
        ({"type": "integer", "enum": [1, 2]}, "Literal[1, 2]"),
        ({"type": "string", "enum": ["a"], "x-extensible": True}, "str"),
        ({"type": "array", "items": {"type": "string"}}, "list[str]"),
        ({"type": "array"}, "list[Any]"),
        ({"type": "object"}, "dict[str, Any]"),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, "OrderHeldDataIt"),
        ({"type": "array", "items": {"type": "object", "properties": {"a": {}}}}, "list[OrderHeldDataIt]"),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "Any"),
    ],
)
def test_schema_becomes_a_type(schema: dict[str, Any], written: str) -> None:
    text = shown(schema)
    assert f"    it: {written}\n" in text
    names: dict[str, Any] = {}
    exec(compile(text, "held.py", "exec"), {**names, "__name__": "app.client.events"})  # noqa: S102  # it is Python
    assert text.index("class OrderHeldDataIt") < text.index("class OrderHeldData(") if "DataIt" in written else True


def test_optional_property_is_not_required() -> None:
    text = python_types({"order.held": {"type": "object", "properties": {"it": {"type": "string"}}}})
    assert "    it: NotRequired[str]\n" in text


def test_description_cannot_end_its_docstring() -> None:
    text = shown({"type": "string", "description": 'Say """no"""\nor \\x'})
    compile(text, "held.py", "exec")
    assert "\"\"\"Say '''no''' or \\\\x\"\"\"" in text


@pytest.mark.parametrize(
    ("name", "expected"),
    [("order.shipped", "OrderShipped"), ("order.partly_shipped", "OrderPartlyShipped"), ("trackingNumber", "TrackingNumber")],
)  # fmt: skip
def test_class_is_named_after_its_type(name: str, expected: str) -> None:
    assert class_name(name) == expected


def test_every_event_type_is_exported() -> None:
    for event_class in EVENT_CLASSES.values():
        assert event_class.__name__ in app.client.__all__
    assert all(hasattr(app.client, name) for name in app.client.__all__)


def typed(orders: OrdersClient, aorders: AsyncOrdersClient, event: OrderEvent) -> None:
    """Never run: a type checker reads it."""
    assert_type(orders.stream(), OrderStream[OrderEvent])
    assert_type(orders.stream(gaps="raise", after=None), OrderStream[OrderEvent])
    assert_type(orders.stream(gaps="yield", limit=5), OrderStream[OrderEvent | Gap])
    assert_type(aorders.stream(gaps="yield"), AsyncOrderStream[OrderEvent | Gap])
    assert_type(orders.stream(checkpoints="yield"), OrderStream[OrderEvent | Checkpoint])
    assert_type(aorders.stream(checkpoints="yield"), AsyncOrderStream[OrderEvent | Checkpoint])
    assert_type(aorders.stream(gaps="yield", checkpoints="yield"), AsyncOrderStream[OrderEvent | Gap | Checkpoint])
    wider: OrderStream[OrderEvent | Gap] = orders.stream()
    assert_type(next(wider), OrderEvent | Gap)
    if isinstance(event, OrderShipped):
        assert_type(event.data, OrderShippedData)
        assert_type(event.data["orderId"], str)
    match event:
        case OrderShipped(data=data):
            assert_type(data.get("carrier"), str | None)


def test_contract_of_which_nothing_is_released_has_no_types(tmp_path: Path) -> None:
    (tmp_path / "contracts").mkdir()
    ran = run("types", "--contract", str(tmp_path))
    assert (ran.code, ran.out, len(ran.errors)) == (1, "", 1)
    assert "is released, so there is nothing to write" in ran.errors[0]
