"""Check the event schemas: a released schema must not change, and a new version must not break producers or consumers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from app.compatibility.finding import Finding, remedy
from app.compatibility.released.baseline import Baseline
from app.compatibility.released.schema_files import SchemaFile
from app.compatibility.retirement import has_ended
from app.compatibility.rules.change import Change, Direction
from app.compatibility.rules.comparison import Comparison
from app.compatibility.rules.rows import compare
from app.compatibility.rules.schema_rules import SCHEMA
from app.specification.pointer import write_pointer
from app.specification.version import Step

_SHOWN_DIGITS = 12


def check_released(schemas: Sequence[SchemaFile], baseline: Baseline, today: date) -> Iterator[Finding]:
    """Yield a finding (a broken rule) for each released event schema or table that has changed, or is missing before its sunset.

    `schemas`: the event schemas as they are now.
    `baseline`: the digests of what was released.
    """
    present = {(each.event_type, name): digest for each in schemas for name, digest in each.digests.items()}
    for event_type, digests in baseline.digests.items():
        for name, digest in digests.items():
            found = present.get((event_type, name))
            if found is None and has_ended(baseline, event_type, name.partition("/")[0], today):
                continue
            if found is None:
                yield _released(event_type, name, "removed", "is gone", "Put it back")
            elif found != digest:
                shown = f"was {digest[:_SHOWN_DIGITS]}…, is {found[:_SHOWN_DIGITS]}… (SHA-256)"
                yield _released(event_type, name, "changed", shown, "Set the file back")


def _released(event_type: str, name: str, rule: str, change: str, undo: str) -> Finding:
    version, _, table = name.partition("/")
    kind, reason = ("table", "readers have seen events by it") if table else ("schema", "consumers have copies of it")
    place = f"contracts/{event_type}/{version}/{table or 'schema.json'}"
    fix = f"{undo}, because {reason}; a change goes into a version of its own."
    return Finding(f"released-{kind}-{rule}", place, f"{version} as released", f"{version} as it is here", change, fix)


def check_steps(schemas: Sequence[SchemaFile], baseline: Baseline) -> Iterator[Finding]:
    """Compare each unreleased version of an event schema with the versions before and after it in the same major version.

    Yields a finding (a broken rule) for each change that requires a larger version bump than the one between the two versions.
    """
    for before, now in steps(schemas, baseline):
        yield from _findings(before, now)


def steps(schemas: Sequence[SchemaFile], baseline: Baseline) -> Iterator[tuple[SchemaFile, SchemaFile]]:
    """Yield each pair of successive versions of an event type within one major version, unless both are released."""
    for before, now in pairwise(schemas):
        neighbours = (before.event_type, before.version.major) == (now.event_type, now.version.major)
        settled = baseline.digest(before) is not None and baseline.digest(now) is not None
        if neighbours and not settled:
            yield before, now


def _findings(before: SchemaFile, now: SchemaFile) -> Iterator[Finding]:
    if before.contract is None or now.contract is None:
        return
    moved = before.version.step_to(now.version)
    for change in compare(Comparison(before.contract.schema, now.contract.schema, (), Direction.BOTH), SCHEMA):
        if change.step > moved:
            place = f"{now.place} at {write_pointer(change.pointer) or 'its root'}"
            yield Finding(
                change.rule, place, str(before.version), str(now.version), change.what, _fix(change, before, now)
            )


def _fix(change: Change, before: SchemaFile, now: SchemaFile) -> str:
    right = before.version.next(change.step)
    if change.step is Step.MAJOR:
        return f"{remedy(change)}, or make it a new major version, {now.event_type} {right}."
    return f"Name the version {right}: a patch says the same in other words only."
