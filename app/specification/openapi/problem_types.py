"""The problems (RFC 9457) that the document defines: one example each under `components.examples`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from app.specification.pointer import DOCUMENT, contract_error, lookup
from app.specification.schema.schema import compile_schema

PREFIX = "/problems/"


class ProblemType(NamedTuple):
    """A problem type: the members that all problems of the type have in common."""

    type: str
    title: str
    status: int


def read_problems(inlined: Mapping[str, Any], needed: Collection[str]) -> dict[str, ProblemType]:
    """Read the problem types by slug, the last part of their `type`. Raises InvalidContract if one is wrong or missing.

    `needed`: the slugs of the problem types that must be defined.
    """
    schema = compile_schema(
        lookup(inlined, "components", "schemas", "Problem"), f"{DOCUMENT}: components.schemas.Problem"
    )
    problems: dict[str, ProblemType] = {}
    for key in lookup(inlined, "components", "examples"):
        pointer = ("components", "examples", key)
        for violation in schema.violations(lookup(inlined, *pointer, "value"), 1)[0]:
            raise contract_error(
                pointer, f"the problem breaks the schema Problem: {violation.pointer or 'it'} {violation.message}"
            )
        problem = ProblemType(*(lookup(inlined, *pointer, "value", member) for member in ProblemType._fields))
        slug = problem.type.removeprefix(PREFIX)
        if slug in problems:
            raise contract_error(pointer, f"the problem {slug!r} is defined twice")
        problems[slug] = problem
    for slug in sorted(set(needed) - problems.keys()):
        raise contract_error(("components", "examples"), f"the problem {slug!r} is missing")
    return problems
