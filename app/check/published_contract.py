"""Read the contract that the server under check publishes; the server is checked against it.

The contract is read from `/openapi.json` only. Operations are found by `operationId`, event types in the schema of
`text/event-stream`.

Some functions repeat a few lines of `app.specification.openapi` on purpose: the server uses those lines to prepare its own
document. If the check used the same code, the check could not detect a fault in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.check.findings import CannotCheck
from app.check.http.stream_blocks import CONTROL_PREFIX
from app.check.published_promises import PublishedPromises, read_promises
from app.check.request import Request, Response
from app.check.websocket.published_socket import PublishedSocket, read_socket
from app.specification.errors import InvalidContract
from app.specification.schema.schema import Schema, compile_schema

DOCUMENT: Final = Request("/openapi.json", headers=(("Accept", "application/json"),))
STREAM: Final = "text/event-stream"
PAGE: Final = "application/json"
PROBLEM: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class PublishedContract:
    """The parts of the server's OpenAPI document that the checks use.

    `paths`: the path of each operation, by operationId.
    `methods`: the HTTP methods of each path.
    `parameters`: the parameters of the operation that returns the event stream, by name.
    `frames`: the schema of each kind of frame, by event name. The schemas do not require an id, because a decoder gives a frame
    without an id the id of the frame before it; a separate check is about ids.
    `data`: the schema of the data in each kind of frame, by event name, as in the document.
    `keys`: the property of the data that has the key, by which readers filter with `orderId`, by event name.
    `example`: an example of an event to publish; None if the document has no such example.
    `promises`: the times that the document promises in `x-promises`.
    `protected`: the paths of the GET operations that always need an access token.
    `socket`: the WebSocket operation; None if the document has no such operation.
    """

    document: Mapping[str, Any]
    name: str
    paths: Mapping[str, str]
    methods: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, Mapping[str, Any]]
    frames: Mapping[str, Schema]
    data: Mapping[str, Mapping[str, Any]]
    keys: Mapping[str, str]
    position: Schema
    retry: Schema
    page: Schema
    problem: Schema
    published: Schema | None
    event_types: Schema | None
    example: Mapping[str, Any] | None
    promises: PublishedPromises
    protected: Sequence[str]
    socket: PublishedSocket | None

    @property
    def stream_path(self) -> str:
        return self.paths["streamOrderEvents"]

    @property
    def order_types(self) -> tuple[str, ...]:
        return tuple(name for name in self.frames if not name.startswith(CONTROL_PREFIX))


def read_contract(response: Response) -> PublishedContract:
    """Return the contract in a response to the request for `/openapi.json`.

    Raises CannotCheck if the response does not contain a contract that can be used.
    """
    try:
        document = response.json()
    except ValueError:
        document = None
    if response.status != 200 or not isinstance(document, dict):
        raise CannotCheck(f"{DOCUMENT.path} is not a JSON document: {response}")
    if not re.fullmatch(r"3\.0\.[0-9]+", str(document.get("openapi"))):
        raise CannotCheck(f"{DOCUMENT.path} must be OpenAPI 3.0.x, not {document.get('openapi')!r}.")
    try:
        return _contract(document)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise CannotCheck(
            f"{DOCUMENT.path} is not built like the contract ({type(error).__name__}: {error})."
        ) from None
    except InvalidContract as error:
        raise CannotCheck(f"{DOCUMENT.path} has a schema that cannot be checked: {error}") from None


def _contract(document: Mapping[str, Any]) -> PublishedContract:
    operations = _operations(document)
    read = operations["streamOrderEvents"][2]
    frames = {frame["properties"]["event"]["enum"][0]: frame for frame in _schema(read, "200", STREAM)["oneOf"]}
    any_frame = next(iter(frames.values()))
    publish = operations["publishOrderEvents"][2] if "publishOrderEvents" in operations else None
    types = operations["listEventTypes"][2] if "listEventTypes" in operations else None
    socket = operations.get("openOrderEventsSocket")
    return PublishedContract(
        document=document,
        name=f"{document['info']['title']} {document['info']['version']}",
        paths={name: path for name, (path, _, _) in operations.items()},
        methods=_methods(operations),
        parameters={parameter["name"]: parameter for parameter in read["parameters"]},
        frames={name: compile_schema(_without_id(frame), name) for name, frame in frames.items()},
        data={name: frame["properties"]["data"] for name, frame in frames.items()},
        keys={name: _key(frame["properties"]["data"]) for name, frame in frames.items()},
        position=compile_schema(any_frame["properties"]["id"], "id"),
        retry=compile_schema(any_frame["properties"]["retry"], "retry"),
        page=compile_schema(_schema(read, "200", PAGE), "page"),
        problem=compile_schema(_schema(read, "406", PROBLEM), "problem"),
        published=publish and compile_schema(_schema(publish, "201", PAGE), "published"),
        event_types=types and compile_schema(_schema(types, "200", PAGE), "eventTypes"),
        example=publish and _example(publish),
        promises=read_promises(document.get("x-promises", {})),
        protected=[path for path, method, each in operations.values() if method == "GET" and _needs_token(each)],
        socket=None if socket is None else read_socket(socket[0], socket[2]),
    )


def _needs_token(operation: Mapping[str, Any]) -> bool:
    security = operation.get("security", [])
    return bool(security) and {} not in security


def _operations(document: Mapping[str, Any]) -> dict[str, tuple[str, str, Any]]:
    """Return the operations of an OpenAPI document by operationId.

    Each operation is its path, its HTTP method in upper case, and its Operation Object without references.
    """
    return {
        operation["operationId"]: (path, method.upper(), _inlined(operation, document, ()))
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "operationId" in operation
    }


def _methods(operations: Mapping[str, tuple[str, str, Any]]) -> dict[str, tuple[str, ...]]:
    methods: dict[str, tuple[str, ...]] = {}
    for path, method, _ in operations.values():
        methods[path] = (*methods.get(path, ()), *(("GET", "HEAD") if method == "GET" else (method,)))
    return methods


def _schema(operation: Mapping[str, Any], status: str, media_type: str) -> Any:
    return operation["responses"][status]["content"][media_type]["schema"]


def _without_id(frame: Mapping[str, Any]) -> dict[str, Any]:
    return {**frame, "required": [name for name in frame["required"] if name != "id"]}


def _key(data: Mapping[str, Any]) -> str:
    return next((name for name, part in data.get("properties", {}).items() if part.get("x-key") is True), "orderId")


def _example(publish: Mapping[str, Any]) -> Mapping[str, Any] | None:
    content = publish["requestBody"]["content"][PAGE]
    values = [example.get("value") for example in content.get("examples", {}).values()]
    return next((value for value in values if isinstance(value, dict) and isinstance(value.get("data"), dict)), None)


def _inlined(node: Any, document: Mapping[str, Any], trail: Sequence[str]) -> Any:
    """Return a part of an OpenAPI document with every reference replaced by the value that it refers to.

    `trail`: the references that have been followed to this part.
    Raises ValueError if a reference leads back to itself or out of the document.
    """
    match node:
        case {"$ref": str(reference)}:
            if reference in trail or not reference.startswith("#/"):
                raise ValueError(f"the reference {reference!r} cannot be followed")
            return _inlined(_referred(reference, document), document, (*trail, reference))
        case dict():
            return {key: _inlined(value, document, trail) for key, value in node.items()}
        case list():
            return [_inlined(value, document, trail) for value in node]
        case _:
            return node


def _referred(reference: str, document: Mapping[str, Any]) -> Any:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found
