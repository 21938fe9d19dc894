"""Compare the OpenAPI document with its released form: `info.version` must have been raised as far as the changes require."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from app.compatibility.finding import Finding, remedy
from app.compatibility.rules.change import Change, Direction
from app.compatibility.rules.comparison import Comparison, Documents, same
from app.compatibility.rules.component_rules import problem_types
from app.compatibility.rules.document_rules import DOCUMENT
from app.compatibility.rules.normal_form import normal_form
from app.compatibility.rules.rows import compare
from app.specification.pointer import DOCUMENT as FILE
from app.specification.pointer import Pointer, dotted
from app.specification.version import Step, Version, parse_version

_VERSION = f"{FILE} at info.version"
_SHOWN_CHANGES = 3


def check_document(
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    event_types: Collection[str] = (),
    governed: Collection[Pointer] = (),
) -> Iterator[Finding]:
    """Compare the released OpenAPI document with the present one; yield a finding for each broken rule.

    `before`, `now`: the released and the present document; both are valid and contain the event schemas.
    `event_types`: the event types that have a contract.
    `governed`: JSON pointers to components that are event schemas with a version of their own. `check_steps` checks whether that
    version was raised enough; so here, a change within such a component requires at most a new minor version of the document.
    """
    versions = [parse_version(document["info"]["version"]) for document in (before, now)]
    changes = [
        change._replace(step=min(change.step, Step.MINOR)) if change.pointer[:3] in governed else change
        for change in document_changes(before, now, event_types)
    ]
    match versions:
        case [Version() as old, Version() as new]:
            yield from _judged(changes, old, new)
        case _:
            text = now["info"]["version"]
            fix = "Write it as major, minor and patch, such as 1.0.0."
            yield Finding("version-malformed", _VERSION, before["info"]["version"], text, "is not a version", fix)


def document_changes(
    before: Mapping[str, Any], now: Mapping[str, Any], event_types: Collection[str] = ()
) -> list[Change]:
    """Return the differences between two OpenAPI documents, in the order of the tables of rules.

    A component that is used in both requests and responses is compared once for each. If the two comparisons find the same
    difference, the result contains the one that requires the larger version bump.
    """
    open_names = frozenset((*event_types, *problem_types(now.get("components", {}))))
    old, new = normal_form(before), normal_form(now)
    found: dict[object, Change] = {}
    for change in compare(Comparison(old, new, (), Direction.REQUEST, Documents(old, new, open_names)), DOCUMENT):
        known = found.setdefault((change.rule, change.pointer), change)
        if change.step > known.step:
            found[change.rule, change.pointer] = change
    if not found and not same(_without_version(before), _without_version(now)):
        return [Change("document-reworded", (), Step.PATCH, "says the same in another form")]
    return list(found.values())


def _without_version(document: Mapping[str, Any]) -> dict[str, Any]:
    info = {name: value for name, value in document["info"].items() if name != "version"}
    return {**document, "info": info}


def _judged(changes: Sequence[Change], old: Version, new: Version) -> Iterator[Finding]:
    moved = old.step_to(new)
    needed = max((change.step for change in changes), default=Step.NONE)
    right = old.next(needed)
    if new < old:
        fix = f"Make it {right}."
        yield Finding("version-backwards", _VERSION, str(old), str(new), "moved backwards", fix)
    if needed <= moved:
        return
    if needed is not Step.MAJOR:
        yield Finding("version-not-moved", _VERSION, str(old), str(new), _summed_up(changes), f"Make it {right}.")
        return
    for change in changes:
        if change.step is Step.MAJOR:
            fix = f"{remedy(change)}, or make info.version {right}."
            yield Finding(change.rule, f"{FILE} at {dotted(change.pointer)}", str(old), str(new), change.what, fix)


def _summed_up(changes: Sequence[Change]) -> str:
    needed = max(change.step for change in changes)
    kind = {Step.MINOR: "an addition", Step.PATCH: "a change of text"}[needed]
    shown = [f"{change.rule} at {dotted(change.pointer)}" for change in changes if change.step is needed]
    more = f", and {len(shown) - _SHOWN_CHANGES} more" if len(shown) > _SHOWN_CHANGES else ""
    return f"stayed behind {kind}: {', '.join(shown[:_SHOWN_CHANGES])}{more}"
