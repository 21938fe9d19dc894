"""What it costs to convert an event between major versions, with and without its JSON text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from app.specification.contracts import load_contracts
from tests.support import order_shipped_2 as shipped
from tests.support.contract_copy import ContractCopy

ROUNDS, EVENTS = 300, 300
CONVERTED_US, WRITTEN_US = 5, 12


def test_a_conversion_costs_a_few_microseconds(tmp_path: Path, report: Callable[[str], None]) -> None:
    copy = ContractCopy(tmp_path / "contract")
    shipped.write_order_shipped_2(copy.contracts)
    contracts = load_contracts(copy.contracts)
    up = contracts.stored_form("order.shipped", "1.2.0")
    down = contracts.reading(1).conversion("order.shipped", shipped.VERSION)
    for name, conversion, data in (("down", down, shipped.MOST), ("up", up, shipped.MOST_SEEN)):
        text = json.dumps(data, separators=(",", ":"))
        converted, written = best_us(conversion.convert, data), best_us(conversion.text, text)
        report(f"{name}: {converted:.1f} µs an event, {written:.1f} µs with reading and writing its JSON")
        assert converted <= CONVERTED_US
        assert written <= WRITTEN_US


def best_us(convert: Callable[[Any], object], event: object) -> float:
    """Return the microseconds that one event takes, in the quickest of some rounds: others may use the processor, too."""
    return min(_seconds(convert, event) for _ in range(ROUNDS)) / EVENTS * 1e6


def _seconds(convert: Callable[[Any], object], event: object) -> float:
    start = perf_counter()
    for _ in range(EVENTS):
        convert(event)
    return perf_counter() - start
