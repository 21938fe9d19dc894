"""The rules for comparing the `components` of two OpenAPI documents: named schemas, parameters, examples and so on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from app.compatibility.rules import effects
from app.compatibility.rules.change import Change, Effect
from app.compatibility.rules.comparison import ABSENT, Comparison
from app.compatibility.rules.rows import Row, Table, compare_by_name, fixed, leaf, part, reworded


def components(table: Table | None = None) -> Row:
    """Return a rule that compares all components of one kind, such as all parameters.

    A component that was added or removed is a change.
    `table`: the rules for the content of a component. With `table`, a component that no operation refers to is compared as well.
    Without `table`, the content of components is not compared.
    """

    def row(parent: Comparison, name: str) -> Iterator[Change]:
        comparison = parent.member(name)
        before, now = ({} if each is ABSENT else each for each in (comparison.before, comparison.now))
        compared = {pointer[-1] for pointer, *_ in comparison.documents.compared if pointer[:-1] == comparison.pointer}
        done = {each for each in before if each in now and (table is None or each in compared)}
        left = replace(comparison, before=_without(before, done), now=_without(now, done))
        yield from compare_by_name(left, part(lambda: table or {}, "component"))

    return row


def _without(components: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: component for name, component in components.items() if name not in names}


def examples(parent: Comparison, name: str) -> Iterator[Change]:
    """Compare the examples in `components`; yield the changes.

    A changed example counts as a change of wording. A problem type (RFC 9457) that an example defines counts as public: to remove
    it or to change its status requires a new major version.
    """
    yield from reworded(parent, name)
    comparison = parent.member(name)
    before, now = problem_types(parent.before), problem_types(parent.now)
    for problem in dict.fromkeys((*before, *now)):
        old, new = before.get(problem, ABSENT), now.get(problem, ABSENT)
        here = replace(comparison, before=old, now=new, pointer=(*comparison.pointer, problem))
        if old is ABSENT:
            yield here.change(Effect.EXTENDED, "problem-type-added", "is new")
        elif new is ABSENT:
            yield here.change(Effect.CHANGED, "problem-type-removed", "is gone")
        elif here.differs:
            yield here.change(Effect.CHANGED, "problem-status-changed")


def problem_types(components: Mapping[str, Any]) -> dict[str, Any]:
    """Return the HTTP status of each problem type (RFC 9457) that is defined by an example in `components`."""
    found: dict[str, Any] = {}
    for example in components.get("examples", {}).values():
        match example.get("value"):
            case {"type": str(problem), "status": status}:
                found[problem] = status
    return found


def _key_name(parent: Comparison, name: str) -> Iterator[Change]:
    row = leaf(effects.any_case) if parent.now.get("in") == "header" else fixed
    yield from row(parent, name)


_FLOW: Final[Table] = {
    "authorizationUrl": fixed,
    "tokenUrl": fixed,
    "refreshUrl": leaf(effects.optional),
    "scopes": leaf(effects.names),
}

_FLOWS: Final[Table] = dict.fromkeys(
    ("implicit", "password", "clientCredentials", "authorizationCode"), part(lambda: _FLOW, "flow")
)

SECURITY_SCHEME: Final[Table] = {
    **dict.fromkeys(("type", "in", "openIdConnectUrl"), fixed),
    "name": _key_name,
    "scheme": leaf(effects.any_case),  # RFC 9110 §11.1
    "flows": part(lambda: _FLOWS, "flows"),
    "bearerFormat": reworded,
    "description": reworded,
}
