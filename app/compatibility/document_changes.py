"""Check the OpenAPI document: `info.version` must have moved as far as the changes since the release need."""

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
    """Compare two valid bundled documents, the released one and the present one, and yield a finding for each broken rule.

    `event_types`: the types that the contracts define.
    `governed`: pointers to components that `check_steps` compares by the rules for event schemas; a change within them that
    passes there counts at most as an addition here.
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
    """Return the differences between two bundled documents, in the order of the tables.

    A component that is used in both directions is compared in both; the change with the larger step is kept.
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
