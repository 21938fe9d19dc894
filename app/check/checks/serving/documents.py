"""Checks of the documents that a server publishes: the OpenAPI document, and the schemas of the event types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from app.check.findings import Finding, NotSeen
from app.check.published_contract import DOCUMENT
from app.check.request import Request, Response, excerpt
from app.check.target.target import Target
from app.specification.errors import InvalidContract
from app.specification.schema.schema import compile_schema

_TOP_LEVEL: Final = ("$schema", "$id")  # keywords that a schema inside another document does not have
_DERIVED: Final = ("getOpenApi32Json", "getOpenApiClientsJson", "getAsyncApiJson")


def contract_document(target: Target) -> Iterator[Finding]:
    """The OpenAPI document is valid OpenAPI 3.0, and the same in JSON and in YAML.

    This check yields a finding if the document is invalid, and a finding if the two forms differ.
    """
    document = target.contract.document
    fault = _fault(document)
    if fault is not None:
        yield Finding("The document is valid OpenAPI 3.0.", fault, DOCUMENT)
    path = target.contract.paths.get("getOpenApiYaml")
    if path is None:
        return
    response = target.session.fetch(Request(path))
    try:
        same = response.status == 200 and yaml.safe_load(response.body) == document
    except (yaml.YAMLError, ValueError, RecursionError):
        same = False
    if not same:
        yield Finding("The YAML document is the same as /openapi.json.", str(response), response.request)


def _fault(document: Mapping[str, Any]) -> str | None:
    # Its import takes as long as all other imports of the check together; --help and completion need not wait for it.
    from openapi_spec_validator import OpenAPIV30SpecValidator  # noqa: PLC0415  # --help need not wait for it, see above

    # The validator would fetch any address that the document of a foreign server names.
    outside = next((each for each in _references(document) if not each.startswith("#/")), None)
    if outside is not None:
        return f"the reference {excerpt(outside)} leads out of the document"
    try:
        error = next(iter(OpenAPIV30SpecValidator(dict(document)).iter_errors()), None)
    except Exception as failure:  # noqa: BLE001  # on some broken documents the validator itself fails
        return f"the validator gives up with {type(failure).__name__}: {excerpt(failure)}"
    return None if error is None else f"{'/'.join(map(str, error.absolute_path))}: {excerpt(error.message)}"


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
    """/event-types lists the same schemas as the document: one for every frame, and no others.

    This check yields a finding for each event type that only the list or only the OpenAPI document has, and for each schema that cannot be
    fetched or differs. The document has the newest schema of the oldest major, which readers see who pin none. Raises NotSeen if the server
    has no such list.
    """
    path = target.contract.paths.get("listEventTypes")
    if path is None or target.contract.event_types is None:
        raise NotSeen("The contract has no operation listEventTypes.")
    response = target.session.fetch(Request(path))
    listed = _listed(target, response)
    if listed is None:
        yield Finding("The event types are listed as the contract describes it.", str(response), response.request)
        return
    for name in sorted(listed.keys() ^ target.contract.data.keys()):
        place = "in the list but not in the document" if name in listed else "in the document but not in the list"
        yield Finding("The document has a frame for each event type.", f"{excerpt(name)} is {place}", response.request)
    for name, versions in listed.items():
        majors = [str(version["version"]).partition(".")[0] for version in versions]
        newest = versions[majors.count(majors[0]) - 1]
        for version in versions:
            described = target.contract.data.get(name) if version is newest else None
            yield from _schema(target, Request(str(version["schema"])), described)


def _listed(target: Target, response: Response) -> dict[str, list[dict[str, Any]]] | None:
    try:
        listed = response.json()
    except ValueError:
        return None
    schema = target.contract.event_types
    if response.status != 200 or schema is None or schema.violations(listed, 1)[1]:
        return None
    return {each["eventType"]: each["versions"] for each in listed["eventTypes"]}


def _schema(target: Target, request: Request, described: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Fetch one event schema from the server; yield a finding if it is invalid or differs from the OpenAPI document.

    `described`: the same schema as in the OpenAPI document; None if the document does not contain this version.
    """
    response = target.session.fetch(request)
    try:
        schema = response.json()
        compile_schema(schema, request.path)
    except (ValueError, AttributeError, InvalidContract) as error:
        yield Finding("The address of each version returns its schema.", f"{excerpt(error)}: {response}", request)
        return
    if (response.status, response.media_type) != (200, "application/schema+json"):
        yield Finding(
            "The address of each version returns its schema, as application/schema+json.", str(response), request
        )
    bare = {keyword: value for keyword, value in schema.items() if keyword not in _TOP_LEVEL}
    if described is not None and bare != described:
        keywords = [word for word in (*bare, *described) if bare.get(word) != described.get(word)]
        differing = ", ".join(dict.fromkeys(keywords))
        yield Finding(
            "The schema at its address is the same as in the document.",
            f"they differ in {excerpt(differing)}",
            request,
        )


def derived_documents(target: Target) -> Iterator[Finding]:
    """The documents that are derived from the contract are those of its version.

    This check yields a finding for each that is not served, or is of another version. Raises NotSeen if the contract has none.
    """
    version = target.contract.document["info"]["version"]
    paths = [target.contract.paths[name] for name in _DERIVED if name in target.contract.paths]
    if not paths:
        raise NotSeen("The contract has no derived documents.")
    for path in paths:
        response = target.session.fetch(Request(path))
        try:
            info = response.json()["info"]
            derived = info["version"] if response.status == 200 else None
        except (ValueError, LookupError, TypeError):
            derived = None
        if derived != version:
            promised = f"The document is derived from that of version {excerpt(version)}."
            yield Finding(promised, str(response), response.request)
