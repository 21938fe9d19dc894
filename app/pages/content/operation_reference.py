"""The content of the reference page: each operation with its parameters, bodies, responses, and curl commands to try it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from app.pages.content.message_reference import SocketDocs, read_socket
from app.pages.content.problem_kinds import PROBLEM_JSON, shown_in
from app.pages.markup import commands
from app.pages.markup.markdown import code_block
from app.pages.markup.schema_rows import Row, alternatives, bounds, rows, type_of
from app.specification.derived.asyncapi_socket import is_socket
from app.specification.derived.frame_text import frame_text
from app.specification.derived.openapi_3_2 import STREAM
from app.specification.openapi.structure import Operation, operations


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation, as the reference page shows it.

    `location`: "query", "header" or "path".
    `row`: the parameter as a row of a table.
    `examples`: example values, as they are written in a request.
    """

    location: str
    row: Row
    examples: list[str]


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request or a response in one media type, as the reference page shows it.

    `tables`: for each alternative of the body, its name and a table of its properties.
    `examples`: the examples as HTML, each with its summary.
    """

    media_type: str
    type: str
    tables: list[tuple[str, list[Row]]]
    examples: list[tuple[str, Markup]]
    is_stream: bool


@dataclass(frozen=True, slots=True)
class ResponseDocs:
    """A response of an operation, as the reference page shows it.

    `headers`: the headers as rows of a table.
    `problems`: the names of the problem types (RFC 9457) that the response may contain.
    """

    status: str
    description: str
    headers: list[Row]
    bodies: list[Body]
    problems: list[str]


@dataclass(frozen=True, slots=True)
class OperationDocs:
    """An operation of the contract, as the reference page shows it.

    `request`: the description of the request body.
    `bodies`: the request body in each media type.
    `socket`: the messages, if the operation opens a WebSocket connection.
    `commands`: curl commands, each with a summary of its purpose; empty for a WebSocket connection.
    """

    id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    parameters: list[Parameter]
    request: str
    bodies: list[Body]
    responses: list[ResponseDocs]
    socket: SocketDocs | None
    commands: list[tuple[str, str]]


def read_operations(inlined: Mapping[str, Any]) -> list[OperationDocs]:
    """Return the operations of an OpenAPI document for the reference page, in the order of the document.

    `inlined`: the document without references.
    """
    return [_operation(each) for each in operations(inlined)]


def _operation(operation: Operation) -> OperationDocs:
    content = operation.content
    request = content.get("requestBody", {})
    return OperationDocs(
        id=content["operationId"],
        method=operation.method.upper(),
        path=operation.path,
        tag=next(iter(content.get("tags", ())), "Operations"),
        summary=content.get("summary", ""),
        description=content.get("description", ""),
        parameters=[_parameter(each) for each in content.get("parameters", ())],
        request=request.get("description", ""),
        bodies=list(_bodies(request)),
        responses=[_response(status, response) for status, response in content["responses"].items()],
        socket=read_socket(content),
        commands=[] if is_socket(content) else list(_commands(operation)),
    )


def _parameter(parameter: Mapping[str, Any]) -> Parameter:
    examples = [_in_request(parameter, value) for value in example_values(parameter)]
    return Parameter(parameter["in"], _row(parameter["name"], parameter), examples)


def _row(name: str, described: Mapping[str, Any]) -> Row:
    """Return a parameter or a header as a row of a table."""
    schema = described["schema"]
    required = described.get("required", False)
    return Row(name, type_of(schema), required, list(bounds(schema)), described.get("description", ""))


def _in_request(parameter: Mapping[str, Any], value: Any) -> str:
    match parameter["in"]:
        case "query":
            return f"?{commands.query_of(parameter, value)}"
        case "header":
            return f"{parameter['name']}: {value}"
        case _:
            return str(value)


def example_values(holder: Mapping[str, Any]) -> list[Any]:
    """Return the values of all examples of a parameter, header or body; empty if there are no examples."""
    only = [holder["example"]] if "example" in holder else []
    return only + [example["value"] for example in holder.get("examples", {}).values()]


def _response(status: str, response: Mapping[str, Any]) -> ResponseDocs:
    headers = [_row(name, header) for name, header in response.get("headers", {}).items()]
    return ResponseDocs(status, response["description"], headers, list(_bodies(response)), shown_in(response))


def _bodies(holder: Mapping[str, Any]) -> Iterator[Body]:
    for media_type, content in holder.get("content", {}).items():
        if media_type == PROBLEM_JSON:
            continue  # each problem has a page of its own
        schema = content["schema"]
        tables = [(each.name, list(rows(each.schema))) for each in alternatives(schema)]
        yield Body(
            media_type=media_type,
            type=type_of(schema),
            tables=[] if media_type == STREAM else [(name, table) for name, table in tables if table],
            examples=list(_examples(media_type, content)),
            is_stream=media_type == STREAM,
        )


def _examples(media_type: str, content: Mapping[str, Any]) -> Iterator[tuple[str, Markup]]:
    if "example" in content:
        yield "Example", _rendered(media_type, content["example"])
    for name, example in content.get("examples", {}).items():
        yield example.get("summary", name), _rendered(media_type, example["value"])


def _rendered(media_type: str, value: Any) -> Markup:
    if media_type == STREAM:
        return code_block(frame_text(value), "sse")
    if isinstance(value, str):
        return code_block(value, "")
    return code_block(json.dumps(value, indent=2, ensure_ascii=False), "json")


def _commands(operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield curl commands for an operation, each with a summary of its purpose.

    An operation with a request body has one command for each example of the body.
    """
    parameters = operation.content.get("parameters", ())
    values = {each["name"]: value for each in parameters if each["in"] == "path" for value in example_values(each)}
    path = commands.filled(operation.path, values)
    if operation.method == "get" and "{" not in path:
        streams = STREAM in operation.content["responses"].get("200", {}).get("content", {})
        yield "", commands.read_command(path, streams=streams)
    for content in operation.content.get("requestBody", {}).get("content", {}).values():
        for example in content.get("examples", {}).values():
            yield example.get("summary", ""), commands.publish_command(path, example["value"])
