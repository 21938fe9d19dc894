"""Read the contract that the server under check publishes; the server is checked against it.

The contract is read from `/openapi.json` only. Operations are found by `operationId`, event types in the schema of
`text/event-stream`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.check.findings import CannotCheck
from app.check.http.stream_blocks import CONTROL_PREFIX
from app.check.published_operations import methods_of, needs_token, read_operations
from app.check.published_promises import PublishedPromises, read_promises
from app.check.request import Request, Response
from app.check.websocket.published_socket import PublishedSocket, read_socket
from app.specification.errors import InvalidContract
from app.specification.schema.schema import Schema, compile_schema

DOCUMENT: Final = Request("/openapi.json", headers=(("Accept", "application/json"),))
STREAM: Final = "text/event-stream"
PAGE: Final = "application/json"
PROBLEM: Final = "application/problem+json"
MOST_PUBLISHED: Final = 1000  # events in one request, if the document names no other number


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
    `examples`: an example of an event to publish for each event type that has one, by event name.
    `most_published`: how many events one request may publish. `published_body`: what the document says about the body.
    `promises`: the times that the document promises in `x-promises`.
    `protected`: the methods and paths of the operations that always need an access token. `open`: those of the GET operations that
    need none.
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
    counts: Schema | None
    examples: Mapping[str, Mapping[str, Any]]
    most_published: int
    published_body: Mapping[str, Any]
    promises: PublishedPromises
    protected: Sequence[tuple[str, str]]
    open: Sequence[str]
    socket: PublishedSocket | None

    @property
    def example(self) -> Mapping[str, Any] | None:
        """An example of an event to publish; None if the document has none."""
        return next(iter(self.examples.values()), None)

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
    operations = read_operations(document)
    read = operations["streamOrderEvents"][2]
    frames = {frame["properties"]["event"]["enum"][0]: frame for frame in _schema(read, "200", STREAM)["oneOf"]}
    any_frame = next(iter(frames.values()))
    publish = operations["publishOrderEvents"][2] if "publishOrderEvents" in operations else None
    types = operations["listEventTypes"][2] if "listEventTypes" in operations else None
    counts = operations["countOrderEvents"][2] if "countOrderEvents" in operations else None
    socket = operations.get("openOrderEventsSocket")
    return PublishedContract(
        document=document,
        name=f"{document['info']['title']} {document['info']['version']}",
        paths={name: path for name, (path, _, _) in operations.items()},
        methods=methods_of(operations),
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
        counts=counts and compile_schema(_schema(counts, "200", PAGE), "counts"),
        examples={} if publish is None else _examples(publish),
        most_published=_most_published(publish),
        published_body=publish["requestBody"] if publish else {},
        promises=read_promises(document.get("x-promises", {})),
        protected=[(method, path) for path, method, each in operations.values() if needs_token(each)],
        open=[path for path, method, each in operations.values() if method == "GET" and each.get("security") == []],
        socket=None if socket is None else read_socket(socket[0], socket[2]),
    )


def _schema(operation: Mapping[str, Any], status: str, media_type: str) -> Any:
    return operation["responses"][status]["content"][media_type]["schema"]


def _without_id(frame: Mapping[str, Any]) -> dict[str, Any]:
    return {**frame, "required": [name for name in frame["required"] if name != "id"]}


def _key(data: Mapping[str, Any]) -> str:
    return next((name for name, part in data.get("properties", {}).items() if part.get("x-key") is True), "orderId")


def _examples(publish: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the first example of an event of each type, by event name: of those that are published alone, then of batches."""
    content = publish["requestBody"]["content"][PAGE]
    values = [example.get("value") for example in content.get("examples", {}).values()]
    alone = [value for value in values if isinstance(value, dict)]
    batches = [each for value in values if isinstance(value, list) for each in value if isinstance(each, dict)]
    events = [each for each in (*alone, *batches) if isinstance(each.get("data"), dict) and "eventType" in each]
    return {type: next(each for each in events if each["eventType"] == type) for type in map(_type, events)}


def _type(event: Mapping[str, Any]) -> str:
    return str(event["eventType"])


def _most_published(publish: Mapping[str, Any] | None) -> int:
    forms = publish["requestBody"]["content"][PAGE]["schema"].get("oneOf", []) if publish else []
    return next((form["maxItems"] for form in forms if "maxItems" in form), MOST_PUBLISHED)
