"""Check the schemas of the OpenAPI document, and check every example against its schema, because consumers copy examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from app.specification.openapi.structure import operations
from app.specification.pointer import DOCUMENT, Pointer, contract_error, dotted, lookup
from app.specification.schema.schema import Schema, compile_schema


class Example(NamedTuple):
    """An example or default value in the OpenAPI document, its location as a JSON pointer, and the schema that must accept it."""

    pointer: Pointer
    schema: Mapping[str, Any]
    value: Any


def check_schemas(inlined: Mapping[str, Any]) -> None:
    """Check that the component schemas use only the JSON Schema keywords that event schemas may use.

    `inlined`: the OpenAPI document without references.
    Raises InvalidContract if a schema uses another keyword.
    """
    components = lookup(inlined, "components", "schemas")
    compile_schema({"type": "object", "properties": components}, f"{DOCUMENT}: components.schemas")


def check_examples(inlined: Mapping[str, Any]) -> None:
    """Check all examples and default values against their schemas. Raises InvalidContract if a schema refuses a value.

    `inlined`: the OpenAPI document without references.
    """
    compiled: dict[int, Schema] = {}
    for pointer, schema, value in examples(inlined):
        if id(schema) not in compiled:
            compiled[id(schema)] = compile_schema(schema, f"{DOCUMENT}: {dotted(pointer)}")
        violations, _ = compiled[id(schema)].violations(value, 1)
        for violation in violations:
            raise contract_error(pointer, f"this breaks its schema: {violation.pointer or 'it'} {violation.message}")


def examples(inlined: Mapping[str, Any]) -> Iterator[Example]:
    """Yield the examples and default values of all schemas, parameters, headers and bodies in an OpenAPI document.

    `inlined`: the document without references.
    """
    for name, schema in inlined["components"]["schemas"].items():
        yield from _of_schema(schema, ("components", "schemas", name))
    for operation in operations(inlined):
        yield from _of_operation(operation.content, operation.pointer)


def _of_schema(schema: Mapping[str, Any], pointer: Pointer) -> Iterator[Example]:
    for keyword in ("example", "default"):
        if keyword in schema:
            yield Example((*pointer, keyword), schema, schema[keyword])
    for name, part in schema.get("properties", {}).items():
        yield from _of_schema(part, (*pointer, "properties", name))
    if "items" in schema:
        yield from _of_schema(schema["items"], (*pointer, "items"))


def _of_operation(operation: Mapping[str, Any], pointer: Pointer) -> Iterator[Example]:
    for parameter in operation.get("parameters", ()):
        yield from _shown(parameter, (*pointer, "parameters", parameter["name"]))
    yield from _of_content(operation.get("requestBody", {}), (*pointer, "requestBody"))
    for status, response in operation["responses"].items():
        response_pointer = (*pointer, "responses", status)
        yield from _of_content(response, response_pointer)
        for name, header in response.get("headers", {}).items():
            yield from _shown(header, (*response_pointer, "headers", name))


def _of_content(body: Mapping[str, Any], pointer: Pointer) -> Iterator[Example]:
    for media_type, content in body.get("content", {}).items():
        yield from _shown(content, (*pointer, "content", media_type))


def _shown(holder: Mapping[str, Any], pointer: Pointer) -> Iterator[Example]:
    schema = holder.get("schema", {})
    yield from _of_schema(schema, (*pointer, "schema"))
    if "example" in holder:
        yield Example((*pointer, "example"), schema, holder["example"])
    for name, example in holder.get("examples", {}).items():
        yield Example((*pointer, "examples", name), schema, example.get("value"))
