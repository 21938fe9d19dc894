"""Check the schemas of the document, and every example by its schema: consumers copy examples before they read schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from app.specification.openapi.structure import operations
from app.specification.pointer import DOCUMENT, Pointer, contract_error, dotted, lookup
from app.specification.schema.schema import Schema, compile_schema


class Example(NamedTuple):
    """An example or default value in the document, its pointer, and the schema that it must fit."""

    place: Pointer
    schema: Mapping[str, Any]
    value: Any


def check_schemas(inlined: Mapping[str, Any]) -> None:
    """Check that the component schemas use only the dialect of event schemas. Raises InvalidContract."""
    components = lookup(inlined, "components", "schemas")
    compile_schema({"type": "object", "properties": components}, f"{DOCUMENT}: components.schemas")


def check_examples(inlined: Mapping[str, Any]) -> None:
    """Check all examples and defaults of an inlined document. Raises InvalidContract."""
    compiled: dict[int, Schema] = {}
    for place, schema, value in examples(inlined):
        if id(schema) not in compiled:
            compiled[id(schema)] = compile_schema(schema, f"{DOCUMENT}: {dotted(place)}")
        violations, _ = compiled[id(schema)].violations(value, 1)
        for violation in violations:
            raise contract_error(place, f"this breaks its schema: {violation.pointer or 'it'} {violation.message}")


def examples(inlined: Mapping[str, Any]) -> Iterator[Example]:
    """Yield the examples and defaults of schemas, parameters, headers and bodies."""
    for name, schema in inlined["components"]["schemas"].items():
        yield from _of_schema(schema, ("components", "schemas", name))
    for operation in operations(inlined):
        yield from _of_operation(operation.content, operation.place)


def _of_schema(schema: Mapping[str, Any], place: Pointer) -> Iterator[Example]:
    for keyword in ("example", "default"):
        if keyword in schema:
            yield Example((*place, keyword), schema, schema[keyword])
    for name, part in schema.get("properties", {}).items():
        yield from _of_schema(part, (*place, "properties", name))
    if "items" in schema:
        yield from _of_schema(schema["items"], (*place, "items"))


def _of_operation(operation: Mapping[str, Any], place: Pointer) -> Iterator[Example]:
    for parameter in operation.get("parameters", ()):
        yield from _shown(parameter, (*place, "parameters", parameter["name"]))
    yield from _of_content(operation.get("requestBody", {}), (*place, "requestBody"))
    for status, response in operation["responses"].items():
        response_place = (*place, "responses", status)
        yield from _of_content(response, response_place)
        for name, header in response.get("headers", {}).items():
            yield from _shown(header, (*response_place, "headers", name))


def _of_content(body: Mapping[str, Any], place: Pointer) -> Iterator[Example]:
    for media_type, content in body.get("content", {}).items():
        yield from _shown(content, (*place, "content", media_type))


def _shown(holder: Mapping[str, Any], place: Pointer) -> Iterator[Example]:
    schema = holder.get("schema", {})
    yield from _of_schema(schema, (*place, "schema"))
    if "example" in holder:
        yield Example((*place, "example"), schema, holder["example"])
    for name, example in holder.get("examples", {}).items():
        yield Example((*place, "examples", name), schema, example.get("value"))
