"""No verdict of the gate is too lenient, at full length: 20,000 pairs of schemas, and how many verdicts may be too strict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compatibility.accepted_values import verdicts
from tests.support.schema_pairs import schema_pair

PAIRS = 20_000


def test_change_that_breaks_a_client_is_never_called_compatible(report: Callable[[str], None]) -> None:
    counted: Counter[str] = Counter()

    @settings(max_examples=PAIRS, database=None, deadline=None)
    @given(st.integers(0, 2**64))
    def compare(seed: int) -> None:
        pair = schema_pair(Random(seed))
        for verdict in verdicts(pair):
            assert not (verdict.says_compatible and verdict.breaks), (pair, verdict)
            strict = not verdict.says_compatible and not verdict.breaks
            counted[f"{verdict.direction.value}: {'no value that breaks was found' if strict else 'agreed'}"] += 1

    compare()
    report(f"verdicts on {PAIRS:,} pairs: {dict(sorted(counted.items()))}")
    assert sum(counted.values()) >= 3 * PAIRS
