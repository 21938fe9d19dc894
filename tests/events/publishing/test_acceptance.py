"""The events of a request are checked together; the outcome is the same as if each event were checked alone.

The requests are random mixtures of good and bad events. jsonschema alone, event by event, says which of them are good.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.events.event import NO_OWNER, Event
from app.events.publishing.accept import Acceptance
from app.events.publishing.publish import EVENTS_LISTED, Publisher
from app.specification.contracts import Contracts, load_contracts
from app.specification.deprecation import Deprecation
from app.specification.document import load_document
from app.specification.errors import ContractViolation, EventViolation
from app.specification.schema.dialect import FORMATS, DialectValidator
from app.specification.schema.schema import VerdictsDiffer, Violation, compile_schema
from app.specification.strict_json import JsonValue
from tests.events.logs import open_log
from tests.support.random_values import any_value, mutated

ROOT = Path(__file__).parents[3]
CONTRACTS = load_contracts(ROOT / "contracts")
ENVELOPES = load_document(ROOT, CONTRACTS).envelopes
COMPILED = {name: compile_schema(schema, name) for name, schema in ENVELOPES.items()}


def examples() -> list[dict[str, JsonValue]]:
    """Return events of every type and version, most of them good, with and without an id and a version."""
    found: list[dict[str, JsonValue]] = []
    for name in CONTRACTS.event_types:
        for version in map(str, CONTRACTS.versions(name)):
            for path in sorted((ROOT / "contracts" / name / version / "examples").glob("valid-*.json")):
                event = {"eventType": name, "data": json.loads(path.read_text()), "eventId": "e-1"}
                found += [event, {**event, "schemaVersion": version}]
    return found


EXAMPLES = examples()


def default_version(event_type: str) -> str:
    return str(CONTRACTS.default_version(event_type))


def is_valid(schema: Any, value: JsonValue) -> bool:
    return bool(DialectValidator(schema, format_checker=FORMATS).is_valid(value))


def alone(submission: Any) -> Event | None:
    """Return the event of a submission, if jsonschema accepts it; the envelope is checked first, then its data."""
    event_type = submission.get("eventType") if isinstance(submission, dict) else None
    if event_type not in CONTRACTS.event_types or not is_valid(ENVELOPES[event_type], submission):
        return None
    version = submission.get("schemaVersion", default_version(event_type))
    if version not in map(str, CONTRACTS.versions(event_type)):
        return None
    data = submission["data"]
    if not is_valid(CONTRACTS.get(event_type, version).schema, data):
        return None
    text = json.dumps(data, separators=(",", ":"))
    named, owner = "schemaVersion" in submission, data.get("merchantId", NO_OWNER)
    return Event(event_type, version, submission["eventId"], data["orderId"], text, named, owner)


def any_submission(dice: random.Random, share_of_bad: float) -> JsonValue:
    event: JsonValue = dice.choice(EXAMPLES)
    if dice.random() >= share_of_bad:
        return event
    changed: JsonValue = mutated(dice, event)
    if isinstance(changed, dict):
        changed.setdefault("eventId", "e-2")  # ids that are made differ each time
    return dice.choice((changed, changed, changed, any_value(dice)))


async def publisher() -> Publisher:
    return Publisher(await open_log(), CONTRACTS, COMPILED, batch_maximum=1000)


async def refusal(to: Publisher, *submissions: JsonValue) -> tuple[tuple[EventViolation, ...], int]:
    """Return the violations that the publisher lists, and their total."""
    with pytest.raises(ContractViolation) as refused:
        await to.publish(submissions)
    return refused.value.violations, refused.value.total


@pytest.mark.parametrize("share_of_bad", [0, 0.02, 0.5, 1])
async def test_events_together_have_the_outcome_of_each_event_alone(share_of_bad: float) -> None:
    dice = random.Random(share_of_bad)
    to, outcomes = await publisher(), Counter[bool]()
    for _ in range(150):
        batch = [any_submission(dice, share_of_bad) for _ in range(dice.randrange(1, 30))]
        events = [alone(submission) for submission in batch]
        outcomes[None in events] += 1
        if None not in events:
            assert to.check(batch) == events
            continue
        bad = [(index, batch[index]) for index, event in enumerate(events) if event is None]
        each = [(index, *await refusal(to, submission)) for index, submission in bad]
        listed = tuple(
            EventViolation(index, one.pointer, one.message)
            for index, violations, _ in each[:EVENTS_LISTED]
            for one in violations
        )
        assert await refusal(to, *batch) == (listed, sum(total for *_, total in each))
    assert outcomes[True] > 0 if share_of_bad else outcomes[True] == 0
    assert outcomes[False] > 0 if share_of_bad < 1 else outcomes[False] < 20


async def test_a_refused_request_counts_its_bad_events_only() -> None:
    to = await publisher()
    await refusal(to, EXAMPLES[0], 7, EXAMPLES[0], {})
    assert to.refused == 2


async def test_a_bad_event_late_in_a_large_request_is_found() -> None:
    listed, total = await refusal(await publisher(), *[EXAMPLES[0]] * 999, {})
    assert (listed, total) == ((EventViolation(999, "", "must have the property 'eventType'"),), 1)


async def test_events_that_are_refused_without_a_reason_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Acceptance, "accept", lambda _self, _submissions: None)
    to = await publisher()
    with pytest.raises(VerdictsDiffer, match=r"^The events of a request: jsonschema-rs refuses a value"):
        await to.publish([EXAMPLES[0]])
    assert (to.refused, to.published.total()) == (0, 0)


def test_events_of_several_types_and_versions_keep_their_order_and_get_an_id_each() -> None:
    without_ids = [{name: value for name, value in event.items() if name != "eventId"} for event in EXAMPLES * 20]
    events = Acceptance(CONTRACTS, COMPILED).accept(without_ids) or []
    named = [str(event.get("schemaVersion", default_version(str(event["eventType"])))) for event in without_ids]
    assert [(event.event_type, event.schema_version) for event in events] == [
        (event["eventType"], version) for event, version in zip(without_ids, named, strict=True)
    ]
    assert [json.loads(event.data) for event in events] == [event["data"] for event in without_ids]
    assert len({event.event_id for event in events}) == len(without_ids)


def test_a_version_is_accepted_until_its_sunset() -> None:
    sunset, moment = Deprecation(date(2026, 12, 1), date(2027, 6, 1)), [0.0]
    contracts = Contracts(
        replace(each, deprecation=sunset) if str(each.version) in ("1.0.0", "1.1.0") else each
        for each in (CONTRACTS.get(name, one) for name in CONTRACTS.event_types for one in CONTRACTS.versions(name))
    )
    acceptance = Acceptance(contracts, COMPILED, lambda: moment[0])
    data: dict[str, JsonValue] = {"orderId": "or_1", "when": "2027-06-01T00:00:00Z"}
    old: JsonValue = {"eventType": "order.shipped", "schemaVersion": "1.0.0", "data": data}
    newest: JsonValue = {"eventType": "order.shipped", "data": data}
    of_ended_type: JsonValue = {"eventType": "order.cancelled", "data": data}
    for moment[0] in (0, sunset.sunset_at - 1):
        assert [each.schema_version for each in acceptance.accept([old, newest, of_ended_type]) or []] == [
            "1.0.0",
            "1.2.0",
            "1.1.0",
        ]
    moment[0] = sunset.sunset_at
    assert acceptance.accept([old]) is None
    assert acceptance.accept([of_ended_type]) is None
    assert len(acceptance.accept([newest]) or []) == 1
    assert acceptance.violations(old, 10).listed == [
        Violation("/schemaVersion", "must be '1.2.0', not '1.0.0'; 1.0.0 was retired on 2027-06-01")
    ]
    assert acceptance.violations(of_ended_type, 10).listed == [
        Violation("/schemaVersion", "no version is accepted any more; 1.1.0 was retired on 2027-06-01")
    ]
