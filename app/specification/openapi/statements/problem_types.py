"""Read the problem types (RFC 9457) of the OpenAPI document; each type is defined by one example under `components.examples`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from app.specification.pointer import DOCUMENT, contract_error, lookup
from app.specification.schema.schema import compile_schema

PREFIX = "/problems/"


class ProblemType(NamedTuple):
    """A problem type (RFC 9457): the members `type`, `title` and `status`, which are the same in all problems of this type."""

    type: str
    title: str
    status: int


def read_problems(inlined: Mapping[str, Any], needed: Collection[str]) -> dict[str, ProblemType]:
    """Return the problem types of a document by slug, the last part of a problem's `type` URL.

    `inlined`: the OpenAPI document without references.
    `needed`: the slugs of the problem types that the document must define.
    Raises InvalidContract if a problem type is wrong, is defined twice, or is missing.
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
        source = (
            "take its example, and its type in the schema Problem, from a contract that `orders-events init` writes"
        )
        raise contract_error(("components", "examples"), f"the problem {slug!r} is missing; {source}")
    return problems
