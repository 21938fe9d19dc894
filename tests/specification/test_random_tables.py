"""What is proved of random tables is true of data: it is compared with what the steps do, one after the other."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.specification.conversion.compiled import compile_template
from app.specification.conversion.outcome import Unmapped, outcome
from app.specification.conversion.round_trip import changed_place
from app.specification.conversion.table import Step, Table
from app.specification.conversion.template import Members, Unprovable, apply_table
from app.specification.errors import InvalidContract
from app.specification.schema.containment import excess
from app.specification.schema.schema import compile_schema
from app.specification.version import Version
from tests.support.conversion_tables import by_steps, opposite, random_data, random_schema, random_steps

EVENTS = 12


def template(steps: list[Step], schema: Any) -> tuple[Members, dict[str, Any]] | None:
    """Return the template of a table, and the schema of its outcomes; None if the table is refused."""
    try:
        tree = apply_table(Table(Path("table.json"), Version(1, 0, 0), tuple(steps)), schema)
        return tree, outcome(tree)
    except (InvalidContract, Unmapped):
        return None


def tried(seed: int) -> str:
    """Try a table up and one down on data, and return what was proved: nothing, what comes out, or that it comes back."""
    random = Random(seed)
    schema = random_schema(random)
    up = random_steps(random, schema)
    raised = template(up, schema)
    if raised is None:
        return "refused"
    events = [random_data(random, schema) for _ in range(EVENTS)]
    check_outcomes(raised, up, events)
    wider = random_schema(random) if random.random() < 0.2 else {**raised[1], "required": []}
    if excess(raised[1], wider) is None:
        accepts = compile_schema(wider, "wider").accepts
        assert all(accepts(by_steps(each, up)) for each in events)
    down = opposite(up, schema, random)
    lowered = template(down, raised[1])
    if lowered is None:
        return "raised"
    check_outcomes(lowered, down, [by_steps(each, up) for each in events])
    try:
        if changed_place(raised[0], lowered[0], schema) is not None:
            return "lowered"
    except Unprovable:
        return "lowered"
    convert, back = compile_template(raised[0], raised[1]), compile_template(lowered[0], schema)
    for each in events:
        assert json.dumps(back(convert(each))) == json.dumps(each), (schema, up, down)
    return "round trip"


def check_outcomes(made: tuple[Members, dict[str, Any]], steps: list[Step], events: list[Any]) -> None:
    tree, schema = made
    convert, accepts = compile_template(tree, schema), compile_schema(schema, "outcome").accepts
    for each in events:
        before = json.dumps(each)
        found = convert(each)
        assert found == by_steps(each, steps), (each, steps)
        assert accepts(found), (each, steps, schema)
        assert json.dumps(each) == before


@settings(max_examples=500, derandomize=True, database=None, deadline=None)
@given(st.integers(0, 2**64))
def test_a_proof_holds_for_every_event(seed: int) -> None:
    tried(seed)


def test_random_tables_reach_every_proof() -> None:
    reached = Counter(map(tried, range(300)))
    assert all(reached[each] >= 10 for each in ("refused", "raised", "lowered", "round trip")), reached
