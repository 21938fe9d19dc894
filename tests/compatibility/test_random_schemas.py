"""No verdict of the gate is too lenient: random schemas, compared by the gate and by the values that they accept."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compatibility.accepted_values import miss
from tests.support.schema_pairs import schema_pair


@settings(max_examples=300, derandomize=True, database=None, deadline=None)
@given(st.integers(0, 2**64))
def test_change_that_breaks_a_client_is_never_called_compatible(seed: int) -> None:
    pair = schema_pair(Random(seed))
    assert miss(pair) is None, pair
