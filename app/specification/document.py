"""Load the HTTP contract: read the OpenAPI document, check it, and extract everything that the server needs from it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from app.specification.contracts import Contracts
from app.specification.derived.asyncapi import derive_asyncapi
from app.specification.derived.clients.openapi_for_clients import derive_openapi_for_clients
from app.specification.derived.major_document import derive_major
from app.specification.derived.openapi_3_2 import derive_openapi_3_2
from app.specification.derived.protobuf.field_numbers import Numbering, read_field_numbers
from app.specification.derived.protobuf.order_events_proto import derive_proto
from app.specification.derived.protobuf.proto_values import ProtoFile
from app.specification.openapi.bundle import bundle, inline
from app.specification.openapi.declared_event_types import EVENT, check_event_types
from app.specification.openapi.deployment import AS_CONTRACTED, Deployment, as_deployed
from app.specification.openapi.schemas import check_examples, check_schemas
from app.specification.openapi.source import read_source
from app.specification.openapi.statements.count_contract import CountContract, read_count_contract
from app.specification.openapi.statements.problem_types import ProblemType, read_problems
from app.specification.openapi.statements.promises import check_promises
from app.specification.openapi.statements.socket_contract import SocketContract, count, read_socket_contract
from app.specification.openapi.structure import (
    check_operations,
    check_version,
    operation,
    operations,
)
from app.specification.openapi.validity.judgement import judgement_of
from app.specification.openapi.write import write_json, write_yaml
from app.specification.pointer import lookup


class DocumentTexts(NamedTuple):
    """An OpenAPI document as JSON and as YAML, and the documents that are derived from it, as JSON."""

    json: bytes
    yaml: bytes
    openapi_3_2: bytes
    openapi_clients: bytes
    asyncapi: bytes


@dataclass(frozen=True, slots=True)
class OpenApiDocument:
    """The checked OpenAPI document in every form that the server publishes, and the values that the server reads from it.

    `bundled`: the document of this server, with the event schemas copied into it.
    `json`, `yaml`: the bundled document as text.
    `openapi_3_2`, `openapi_clients`, `asyncapi`: the documents derived from it, as JSON text.
    `of_majors`: the same documents for clients that pin a major version, by this version.
    `proto`: the gRPC service derived from it, with its messages; `numbering`: the numbers of their fields.
    `problems`: the problem types (RFC 9457) by slug, the last part of a type's URL.
    `envelopes`: by event type, the schema of a whole event as a producer publishes it. The schema has no references and accepts
    any object as `data`, because the event contract checks `data` separately.
    `counts`: the intervals in which events may be counted.
    `socket`: the messages, limits and subprotocol of the WebSocket operation.
    `methods`: for each path template, its HTTP methods in upper case.
    """

    bundled: dict[str, Any]
    json: bytes
    yaml: bytes
    openapi_3_2: bytes
    openapi_clients: bytes
    asyncapi: bytes
    of_majors: Mapping[int, DocumentTexts]
    proto: ProtoFile
    numbering: Numbering
    problems: Mapping[str, ProblemType]
    envelopes: Mapping[str, dict[str, Any]]
    batch_maximum: int
    max_body_bytes: int
    max_json_values: int
    page_limit_default: int
    page_limit_maximum: int
    counts: CountContract
    socket: SocketContract
    methods: Mapping[str, tuple[str, ...]]

    def texts(self, major: int | None) -> DocumentTexts:
        """Return the documents for clients that pin a major version that exists, or, without one, for those that pin none."""
        if major is None:
            return DocumentTexts(self.json, self.yaml, self.openapi_3_2, self.openapi_clients, self.asyncapi)
        return self.of_majors[major]

    def allowed_methods(self, path: str) -> tuple[str, ...]:
        """Return the HTTP methods of the path template that matches a path; empty if no template matches."""
        for template, methods in self.methods.items():
            if re.fullmatch(re.sub(r"\\{[^{}]+\\}", "[^/]+", re.escape(template)), path):
                return methods
        return ()


def load_document(
    root: Path,
    contracts: Contracts,
    problem_slugs: Collection[str] = (),
    deployment: Deployment = AS_CONTRACTED,
) -> OpenApiDocument:
    """Load `openapi/orders-events.yaml` from the directory `root`, check it completely, and return it.

    `problem_slugs`: the names of the problem types that the server may return; the document must define each of these types.
    `deployment`: what the server offers otherwise than the contract; the document is returned as that of this server.
    Raises InvalidContract with a one-line message if the document is wrong.
    """
    source = read_source(root)
    check_version(source)
    contract = bundle(source, contracts)
    numbering = Numbering(read_field_numbers(root))
    judgement = judgement_of(contract)
    judgement.check_structure()
    inlined = inline(contract)
    check_schemas(inlined)
    check_event_types(source, contracts)
    check_examples(inlined)
    judgement.check_beyond_structure()
    check_operations(contract)
    check_promises(contract)
    bundled = as_deployed(contract, deployment)
    page_limit = ("components", "parameters", "limit", "x-page-limit")
    texts = _texts(bundled)
    publish = operation(inlined, "publishOrderEvents").pointer
    return OpenApiDocument(
        bundled=bundled,
        json=texts.json,
        yaml=texts.yaml,
        openapi_3_2=texts.openapi_3_2,
        openapi_clients=texts.openapi_clients,
        asyncapi=texts.asyncapi,
        of_majors=_of_majors(source, bundled, contracts, texts),
        proto=derive_proto(inlined, contracts, numbering),
        numbering=numbering,
        problems=read_problems(inlined, problem_slugs),
        envelopes=_envelopes(inlined),
        batch_maximum=count(inlined, "components", "schemas", "OrderEventBatch", "maxItems"),
        max_body_bytes=count(bundled, *publish, "requestBody", "x-max-body-bytes"),
        max_json_values=count(inlined, *publish, "requestBody", "x-max-json-values"),
        page_limit_default=count(inlined, *page_limit, "default"),
        page_limit_maximum=count(inlined, *page_limit, "maximum"),
        counts=read_count_contract(inlined),
        socket=read_socket_contract(inlined),
        methods=_methods(inlined),
    )


def _texts(bundled: dict[str, Any]) -> DocumentTexts:
    derived = derive_openapi_3_2(bundled), derive_openapi_for_clients(bundled), derive_asyncapi(bundled)
    return DocumentTexts(write_json(bundled), write_yaml(bundled), *map(write_json, derived))


def _of_majors(
    source: Mapping[str, Any], bundled: dict[str, Any], contracts: Contracts, texts: DocumentTexts
) -> dict[int, DocumentTexts]:
    documents = {major: derive_major(source, bundled, contracts, major) for major in contracts.majors}
    return {major: texts if each is bundled else _texts(each) for major, each in documents.items()}


def _envelopes(inlined: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the alternatives of the component schema `OrderEvent` (the schemas of whole events) by event type.

    Each alternative describes exactly one event type, as `check_event_types` has made sure.
    """
    alternatives = [dict(alternative) for alternative in lookup(inlined, *EVENT, "oneOf")]
    for alternative in alternatives:
        alternative["properties"] = {**alternative["properties"], "data": {"type": "object"}}
    return {alternative["properties"]["eventType"]["enum"][0]: alternative for alternative in alternatives}


def _methods(inlined: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    methods: dict[str, tuple[str, ...]] = {}
    for path, method, _ in operations(inlined):
        # Starlette answers HEAD wherever there is a GET.
        methods[path] = (*methods.get(path, ()), *(("GET", "HEAD") if method == "get" else (method.upper(),)))
    return methods
