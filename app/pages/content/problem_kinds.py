"""The content of the pages about problems (RFC 9457): each problem type with an example and the operations that may return it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.pages.content.message_reference import problems_of_messages
from app.pages.markup.schema_rows import Row, rows
from app.specification.openapi.statements.problem_types import PREFIX
from app.specification.openapi.structure import operations

_IN_MESSAGE = "The message `error` has this problem if it answers a message of the client; the connection stays open."
PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An operation that may return a certain problem (RFC 9457), and the description of the response with that problem."""

    operation_id: str
    method: str
    path: str
    description: str


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A problem type (RFC 9457), as the pages about problems show it.

    `slug`: the last part of the problem's `type` URL.
    `example`: an example problem.
    The other values are the members of a problem as rows of a table, and the operations that may return the problem.
    """

    slug: str
    summary: str
    example: Mapping[str, Any]
    members: list[Row]
    occurrences: list[Occurrence]


def read_problem_kinds(inlined: Mapping[str, Any]) -> list[ProblemKind]:
    """Return the problem types (RFC 9457) of an OpenAPI document, in the order of the document.

    `inlined`: the document without references.
    """
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
    """Return the slugs of the problems that are examples of a response, each slug once.

    A slug is the last part of a problem's `type` URL.
    """
    examples = response.get("content", {}).get(PROBLEM_JSON, {}).get("examples", {})
    return list(dict.fromkeys(example["value"]["type"].removeprefix(PREFIX) for example in examples.values()))


def _occurrences(inlined: Mapping[str, Any], problem_type: str) -> Iterator[Occurrence]:
    slug = problem_type.removeprefix(PREFIX)
    for each in operations(inlined):
        for response in each.content["responses"].values():
            if slug in shown_in(response):
                operation_id = each.content["operationId"]
                yield Occurrence(operation_id, each.method.upper(), each.path, response["description"])
        if slug in problems_of_messages(each.content):
            yield Occurrence(each.content["operationId"], each.method.upper(), each.path, _IN_MESSAGE)
