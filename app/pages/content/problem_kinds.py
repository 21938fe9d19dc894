"""The problem types of the contract, each with an example and the operations that may answer with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.pages.markup.schema_rows import Row, rows
from app.specification.openapi.problem_types import PREFIX
from app.specification.openapi.structure import operations

PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An operation that may answer with a problem, and the description of that response."""

    operation_id: str
    method: str
    path: str
    description: str


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A problem type: its slug, an example, its members as rows, and the operations that may answer with it."""

    slug: str
    summary: str
    example: Mapping[str, Any]
    members: list[Row]
    occurrences: list[Occurrence]


def read_problem_kinds(inlined: Mapping[str, Any]) -> list[ProblemKind]:
    """Read the problem types of an inlined document, in its order."""
    members = list(rows(inlined["components"]["schemas"]["Problem"]))
    return [
        ProblemKind(
            slug=example["value"]["type"].removeprefix(PREFIX),
            summary=example.get("summary", example["value"]["title"]),
            example=example["value"],
            members=[row for row in members if row.path.split(".")[0].removesuffix("[]") in example["value"]],
            occurrences=list(_occurrences(inlined, example["value"]["type"])),
        )
        for example in inlined["components"]["examples"].values()
    ]


def shown_in(response: Mapping[str, Any]) -> list[str]:
    """Return the slugs of the problems that a response has as examples, once each."""
    examples = response.get("content", {}).get(PROBLEM_JSON, {}).get("examples", {})
    return list(dict.fromkeys(example["value"]["type"].removeprefix(PREFIX) for example in examples.values()))


def _occurrences(inlined: Mapping[str, Any], problem_type: str) -> Iterator[Occurrence]:
    slug = problem_type.removeprefix(PREFIX)
    for each in operations(inlined):
        for response in each.content["responses"].values():
            if slug in shown_in(response):
                operation_id = each.content["operationId"]
                yield Occurrence(operation_id, each.method.upper(), each.path, response["description"])
