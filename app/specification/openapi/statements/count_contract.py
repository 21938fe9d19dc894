"""What the operation `countOrderEvents` of the contract says about intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.specification.openapi.statements.socket_contract import count
from app.specification.openapi.structure import operations
from app.specification.pointer import contract_error, lookup

_CHOSEN = ("components", "parameters", "intervalSeconds", "x-chosen-intervals")
_MAXIMUM = ("components", "schemas", "EventCounts", "properties", "intervals", "maxItems")


@dataclass(frozen=True, slots=True)
class CountContract:
    """The intervals in which events may be counted.

    `maximum`: the largest number of intervals in an answer. `chosen_seconds`: the lengths, in ascending order, among which the server
    chooses if a request names none. `chosen_maximum`: the number of intervals that it then aims at.
    """

    maximum: int
    chosen_seconds: tuple[int, ...]
    chosen_maximum: int


NOTHING_COUNTED = CountContract(1, (1,), 1)
"""Of a document without the operation, such as one that was written for an older server."""


def read_count_contract(inlined: Mapping[str, Any]) -> CountContract:
    """Return what an OpenAPI document without references says. Raises InvalidContract if the intervals are not whole numbers."""
    if all(each.content["operationId"] != "countOrderEvents" for each in operations(inlined)):
        return NOTHING_COUNTED
    seconds = lookup(inlined, *_CHOSEN, "seconds")
    if not isinstance(seconds, list) or not seconds or any(type(each) is not int or each < 1 for each in seconds):
        raise contract_error((*_CHOSEN, "seconds"), f"this must be a list of whole numbers from 1, not {seconds!r}")
    return CountContract(count(inlined, *_MAXIMUM), tuple(sorted(seconds)), count(inlined, *_CHOSEN, "maximum"))
