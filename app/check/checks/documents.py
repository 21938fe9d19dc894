"""What the server says of itself: the OpenAPI document and the schemas of its event types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from app.check.findings import Finding, NotSeen
from app.check.published_contract import DOCUMENT
from app.check.request import Answer, Request, shown
from app.check.target.target import Target
from app.specification.errors import InvalidContract
from app.specification.schema.schema import compile_schema

_APART: Final = ("$schema", "$id")  # they have no place inside another document


def contract_document(target: Target) -> Iterator[Finding]:
    """The OpenAPI document is valid OpenAPI 3.0, and the same in JSON and in YAML."""
    document = target.contract.document
    fault = _fault(document)
    if fault is not None:
        yield Finding("The document is valid OpenAPI 3.0.", fault, DOCUMENT)
    path = target.contract.paths.get("getOpenApiYaml")
    if path is None:
        return
    answer = target.connection.fetch(Request(path))
    try:
        same = answer.status == 200 and yaml.safe_load(answer.body) == document
    except (yaml.YAMLError, ValueError, RecursionError):
        same = False
    if not same:
        yield Finding("Returns the same document as /openapi.json, for people to read.", str(answer), answer.request)


def _fault(document: Mapping[str, Any]) -> str | None:
    # It takes as long to import as all other modules of the check; --help and completion, which load them, need not wait for it.
    from openapi_spec_validator import OpenAPIV30SpecValidator  # noqa: PLC0415

    # The validator would fetch it, from wherever a stranger's document says.
    outside = next((each for each in _references(document) if not each.startswith("#/")), None)
    if outside is not None:
        return f"the reference {shown(outside)} leads out of the document"
    try:
        error = next(iter(OpenAPIV30SpecValidator(dict(document)).iter_errors()), None)
    except Exception as failure:  # noqa: BLE001  # documents can be broken in ways that the validator has no words for
        return f"the validator gives up with {type(failure).__name__}: {shown(failure)}"
    return None if error is None else f"{'/'.join(map(str, error.absolute_path))}: {shown(error.message)}"


def _references(document: Mapping[str, Any]) -> Iterator[str]:
    nodes: list[Any] = [document]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            nodes.extend(node.values())
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
        elif isinstance(node, list):
            nodes.extend(node)


def event_schemas(target: Target) -> Iterator[Finding]:
    """The schemas behind /event-types are those of the document, for every frame and for nothing else."""
    path = target.contract.paths.get("listEventTypes")
    if path is None or target.contract.event_types is None:
        raise NotSeen("The contract has no operation listEventTypes.")
    answer = target.connection.fetch(Request(path))
    listed = _listed(target, answer)
    if listed is None:
        yield Finding("The event types are listed as the contract describes it.", str(answer), answer.request)
        return
    for name in sorted(listed.keys() ^ target.contract.data.keys()):
        where = "in the list but not in the document" if name in listed else "in the document but not in the list"
        yield Finding("The document has a frame for each event type.", f"{shown(name)} is {where}", answer.request)
    for name, versions in listed.items():
        newest = versions[-1]
        for version in versions:
            described = target.contract.data.get(name) if version is newest else None
            yield from _schema(target, Request(str(version["schema"])), described)


def _listed(target: Target, answer: Answer) -> dict[str, list[dict[str, Any]]] | None:
    try:
        listed = answer.json()
    except ValueError:
        return None
    schema = target.contract.event_types
    if answer.status != 200 or schema is None or schema.violations(listed, 1)[1]:
        return None
    return {each["eventType"]: each["versions"] for each in listed["eventTypes"]}


def _schema(target: Target, request: Request, described: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Read one schema; `described` is what the document says, where it speaks of this version."""
    answer = target.connection.fetch(request)
    try:
        schema = answer.json()
        compile_schema(schema, request.path)
    except (ValueError, AttributeError, InvalidContract) as error:
        yield Finding("Behind each version is its schema.", f"{shown(error)}: {answer}", request)
        return
    if (answer.status, answer.media_type) != (200, "application/schema+json"):
        yield Finding("Behind each version is its schema, as application/schema+json.", str(answer), request)
    bare = {keyword: value for keyword, value in schema.items() if keyword not in _APART}
    if described is not None and bare != described:
        keywords = [word for word in (*bare, *described) if bare.get(word) != described.get(word)]
        differing = ", ".join(dict.fromkeys(keywords))
        yield Finding(
            "Returns the very schema that is used; the document has it too.",
            f"they differ in {shown(differing)}",
            request,
        )
