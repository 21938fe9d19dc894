"""The comparison of a reader with the log finds each kind of fault."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

pytest.importorskip("grpc_reflection")  # an extra; a test of its own fails in CI if it is missing

from tests.support.foreign_streams import Event
from tests.support.hopping_reader import Faults, faults_of

A, B, C = (Event(f"k7f3q2aa-{number}", "order.shipped", "1.1.0", {"orderId": f"or_{number}"}) for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("read", "faults"),
    [
        ([A, B, C], Faults(0, 0, 0, 0)),
        ([A, B._replace(schema_version=None), C], Faults(0, 0, 0, 0)),
        ([A, C], Faults(lost=1, duplicated=0, reordered=0, altered=0)),
        ([], Faults(lost=3, duplicated=0, reordered=0, altered=0)),
        ([A, B, B, C], Faults(lost=0, duplicated=1, reordered=0, altered=0)),
        ([A, B, A, B, C], Faults(lost=0, duplicated=2, reordered=1, altered=0)),
        ([A, C, B], Faults(lost=0, duplicated=0, reordered=1, altered=0)),
        ([A, B._replace(data={}), C], Faults(lost=0, duplicated=0, reordered=0, altered=1)),
        ([A, B._replace(schema_version="1.0.0"), C], Faults(lost=0, duplicated=0, reordered=0, altered=1)),
        ([A, B._replace(event_type="order.cancelled"), C], Faults(lost=0, duplicated=0, reordered=0, altered=1)),
        ([A, B._replace(id="k7f3q2aa-9"), C], Faults(lost=1, duplicated=0, reordered=0, altered=1)),
    ],
)
def test_faults_are_counted(read: Sequence[Event], faults: Faults) -> None:
    assert faults_of(read, [A, B, C]) == faults
