"""What is proved of random tables and schemas is true of data, at full length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from app.specification.schema.containment import excess
from app.specification.schema.verdict import compile_verdict
from tests.specification.test_random_tables import tried
from tests.support.schema_pairs import VALUES, resolved, schema_pair

TABLES, PAIRS = 20_000, 20_000


def test_a_proof_holds_for_every_event(report: Callable[[str], None]) -> None:
    proved: Counter[str] = Counter()

    @settings(max_examples=TABLES, database=None, deadline=None)
    @given(st.integers(0, 2**64))
    def attempt(seed: int) -> None:
        proved[tried(seed)] += 1

    attempt()
    report(f"{TABLES:,} random tables: {dict(sorted(proved.items()))}")


def test_what_is_called_contained_is_contained(report: Callable[[str], None]) -> None:
    answers: Counter[str] = Counter()

    @settings(max_examples=PAIRS, database=None, deadline=None)
    @given(st.integers(0, 2**64))
    def compare(seed: int) -> None:
        narrower, wider = (resolved(each["Root"], each) for each in schema_pair(Random(seed)))
        allowed, accepted = compile_verdict(narrower), compile_verdict(wider)
        surplus = [value for value in VALUES if allowed(value) and not accepted(value)]
        found = excess(narrower, wider)
        assert not surplus or found is not None, (narrower, wider, surplus)
        answers["contained" if found is None else "not contained" if surplus else "no surplus value was found"] += 1

    compare()
    report(f"containment of {PAIRS:,} pairs of schemas: {dict(sorted(answers.items()))}")
