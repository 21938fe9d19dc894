"""Run all checks of the compatibility gate on a contract, and record the contract as released if it passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, NamedTuple

from app.compatibility.consumer_files import Consumer, read_consumers
from app.compatibility.consumers import check_consumers
from app.compatibility.document_changes import check_document, document_changes
from app.compatibility.event_schemas import check_released, check_steps, steps
from app.compatibility.finding import Finding
from app.compatibility.numbered_fields import check_numbers
from app.compatibility.released.baseline import DOCUMENT, NUMBERS, SCHEMAS, Baseline, read_baseline, write_baseline
from app.compatibility.released.release_dates import write_dates
from app.compatibility.retirement import check_sunsets, without_ended
from app.compatibility.rules.change import Change
from app.compatibility.working_contract import WorkingContract, read_working_contract
from app.specification.derived.protobuf.field_numbers import FIELD_NUMBERS, write_field_numbers
from app.specification.openapi.write import write_json
from app.specification.pointer import Pointer

_NO_BASELINE: Final = Finding(
    "baseline-missing",
    f"{SCHEMAS} and {DOCUMENT}",
    "",
    "",
    "there is no record of a released contract",
    "Put the files back; or, if nothing has been released yet, write them with --release.",
)


_NO_NUMBERS: Final = Finding(
    "baseline-missing",
    NUMBERS,
    "",
    "",
    "there is no record of released field numbers",
    "Put the file back; or, if no field numbers have been released yet, write it with --release.",
)


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run of the compatibility gate: the findings (broken rules), and one sentence about the contract."""

    findings: Sequence[Finding]
    summary: str


def check(root: Path, today: date | None = None) -> Report:
    """Compare the contract in the directory `root` with its released form, and return the findings.

    `today`: the day by which versions have ended; None is the present day in UTC.

    A missing record of the released contract is a finding as well. Raises InvalidContract if that record, or a consumer contract,
    cannot be read.
    """
    baseline, working, consumers = read_baseline(root), read_working_contract(root), read_consumers(root)
    missing = [_NO_BASELINE] if baseline is None else []
    known = baseline or Baseline()
    missing += [_NO_NUMBERS] if baseline is not None and baseline.numbers is None else []
    findings = [*missing, *_findings(known, working, consumers, today or _today())]
    return Report(findings, _summary(known, working, consumers))


def release(root: Path, today: date | None = None) -> Report:
    """Check the contract in the directory `root`; if there are no findings, record the contract as released.

    `today`: the day of the release; None is the present day in UTC. Returns the result of the check. Raises InvalidContract if the record
    of the released contract, or a consumer contract, cannot be read.
    """
    baseline, working, consumers = read_baseline(root) or Baseline(), read_working_contract(root), read_consumers(root)
    today = today or _today()
    findings = list(_findings(baseline, working, consumers, today))
    if findings or working.document is None or working.numbering is None:
        return Report(findings, _summary(baseline, working, consumers))
    write_baseline(root, working.schemas, write_json(working.document), working.numbering.recorded)
    write_dates(root, baseline.dates, working.schemas, today)
    return Report((), f"Released: {_described(working)}.")


class Unreleased(NamedTuple):
    """What the contract has that has not been released: `since`, the released version of the document, and the differences from it."""

    since: str
    changes: Sequence[Change]


def unreleased(root: Path) -> Unreleased | None:
    """Return how the contract in the directory `root` differs from its released form, except in components and event schemas.

    Components are what operations are made of, and event schemas have versions of their own. Returns None if nothing has been released,
    or if the document has an error. Raises InvalidContract if the record of the released contract cannot be read.
    """
    baseline, working = read_baseline(root), read_working_contract(root)
    if baseline is None or baseline.document is None or working.document is None:
        return None
    event_types = {schema.event_type for schema in working.schemas}
    changes = document_changes(baseline.document, working.document, event_types)
    return Unreleased(
        baseline.document["info"]["version"], [each for each in changes if each.pointer[:1] != ("components",)]
    )


def number(root: Path) -> None:
    """Write the field numbers that are missing in the contract in the directory `root`; no number that is there changes.

    Nothing is written if the contract has an error, which `check` reports.
    """
    numbering = read_working_contract(root).numbering
    if numbering is not None and numbering.missing:
        (root / FIELD_NUMBERS).write_text(write_field_numbers(numbering.complete()), "utf-8")


def _findings(
    baseline: Baseline, working: WorkingContract, consumers: Sequence[Consumer], today: date
) -> Iterator[Finding]:
    yield from working.errors
    yield from check_released(working.schemas, baseline, today)
    yield from check_sunsets(working.schemas, baseline, today)
    yield from check_steps(working.schemas, baseline)
    yield from check_consumers(consumers, working.schemas, baseline)
    if baseline.document is not None and working.document is not None:
        event_types = {schema.event_type for schema in working.schemas}
        released = without_ended(baseline.document, working.schemas, baseline, today)
        yield from check_document(released, working.document, event_types, _governed(baseline, working))
    if working.numbering is not None:
        yield from check_numbers(working.numbering, baseline.numbers or {})


def _today() -> date:
    return datetime.now(UTC).date()


def _governed(baseline: Baseline, working: WorkingContract) -> set[Pointer]:
    """Return pointers to the components of the OpenAPI document that are event schemas which `check_steps` compares.

    `check_steps` compares an event schema with its earlier version in the same major version, if there is such a version and the
    two are not both released.
    """
    followers = {(now.event_type, str(now.version)) for _, now in steps(working.schemas, baseline)}
    return {place for place, contract in working.components.items() if contract in followers}


def _summary(baseline: Baseline, working: WorkingContract, consumers: Sequence[Consumer]) -> str:
    new = [f"{each.event_type} {each.version}" for each in working.schemas if baseline.digest(each) is None]
    released = len(working.schemas) - len(new)
    unreleased = f"; not yet released: {', '.join(new)}" if new else ""
    names = ", ".join(consumer.name for consumer in consumers) or "none"
    return f"{_described(working)}; {released} schemas are released{unreleased}; consumers: {names}."


def _described(working: WorkingContract) -> str:
    version = working.document["info"]["version"] if working.document is not None else "that cannot be read"
    types = len({schema.event_type for schema in working.schemas})
    return f"{len(working.schemas)} schemas of {types} event types, document {version}"
