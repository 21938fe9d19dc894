"""What a failed call means: the refusal that HTTP would have answered with, or an error after which the same call may succeed.

https://google.aip.dev/193 has the details of a status.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import grpc
import httpx
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ResourceInfo, RetryInfo
from google.rpc.status_pb2 import Status

from ...endpoint import Endpoint
from ...errors import RequestRefused, UnexpectedAnswer
from ...protocol.retries import TransientError
from ...protocol.server_response import ServerResponse, bounded_wait, read_problem
from .described_messages import SERVICE, NotCarried
from .from_messages import json_object
from .to_messages import Fault

_DETAILS: Final = "grpc-status-details-bin"
_EVENTS: Final = "/events/"
_Metadata: TypeAlias = Iterable[tuple[str, Any]] | None

# After any other code, the same call may succeed later. The numbers: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
_REFUSALS: Final[Mapping[grpc.StatusCode, int]] = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 410,  # what was asked for is retired
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 413,  # a message that is too large; too many calls come with a RetryInfo
}


def refusal(url: str, error: Any) -> ServerResponse:
    """Return the refusal of a call, as the response that HTTP would give.

    `error`: the grpc.RpcError of the call, or NotCarried. Raises TransientError if the same call may succeed later, UnexpectedAnswer if
    the server does not have the service.
    """
    if isinstance(error, NotCarried):
        return _refused_parts("The server's messages cannot carry the request.", error.faults)
    code, text = error.code(), error.details() or ""
    if code is grpc.StatusCode.UNIMPLEMENTED:
        raise UnexpectedAnswer(f"{url} does not serve {SERVICE}, or does not describe it by reflection.")
    details = list(_details(error.trailing_metadata()))
    wait_seconds = _wait_seconds(details)
    if wait_seconds is not None:
        raise TransientError(text, wait_seconds)
    if code not in _REFUSALS:
        raise TransientError(f"No answer from {url} ({code.name}: {text}).")
    faults = [
        Fault(part.field, part.description)
        for each in details
        if isinstance(each, BadRequest)
        for part in each.field_violations
    ]
    return _refused_parts(text, faults) if faults else _problem(_REFUSALS[code], text, **_conflict(details))


def interruption(url: str, error: Any) -> TransientError:
    """Return why a stream was interrupted. The arguments are those of `refusal`.

    Raises RequestRefused if the same request would be refused again, UnexpectedAnswer if the server does not have the service.
    """
    try:
        response = refusal(url, error)
    except TransientError as failure:
        return failure
    raise RequestRefused(read_problem(response)) from error


def silent(endpoint: Endpoint) -> TransientError:
    """Return the error for a stream on which nothing has come for too long."""
    return TransientError(f"No answer from {endpoint.url} (nothing came for {endpoint.silence_seconds:g} seconds).")


def published(response: Any) -> ServerResponse:
    """Return the result of publishing as the response that HTTP would give."""
    return ServerResponse(201, "Created", httpx.Headers(), json.dumps(json_object(response)).encode())


def retry_ms(metadata: _Metadata) -> int | None:
    """Return the wait before the next call that a status asks for, in milliseconds; None if it asks for none.

    `metadata`: what the server sent after its last message; None if it has not sent it.
    """
    seconds = _wait_seconds(_details(metadata))
    return None if seconds is None else round(seconds * 1000)


def _refused_parts(text: str, faults: Iterable[Fault]) -> ServerResponse:
    of_events = [_of_event(each) for each in faults if each.pointer.startswith(_EVENTS)]
    if of_events:
        return _problem(422, text, type="/problems/contract-violation", violations=of_events)
    errors = [{"name": each.pointer.removeprefix("/"), "message": each.message} for each in faults]
    return _problem(400, text, type="/problems/invalid-parameter", errors=errors)


def _wait_seconds(details: Iterable[Message]) -> float | None:
    for each in details:
        if isinstance(each, RetryInfo):
            return bounded_wait(each.retry_delay.seconds + each.retry_delay.nanos / 1e9)
    return None


def _details(metadata: _Metadata) -> Iterator[Message]:
    for packed in (each for name, value in metadata or () if name == _DETAILS for each in _status(value).details):
        for kind in (BadRequest, ResourceInfo, RetryInfo):
            message: Message = kind()
            if packed.Is(kind.DESCRIPTOR) and packed.Unpack(message):
                yield message


def _status(value: bytes) -> Any:
    try:
        return Status.FromString(value)
    except DecodeError:
        return Status()


def _of_event(fault: Fault) -> dict[str, Any]:
    index, _, pointer = fault.pointer.removeprefix(_EVENTS).partition("/")
    return {
        "index": int(index) if index.isdecimal() else -1,
        "pointer": f"/{pointer}" if pointer else "",
        "message": fault.message,
    }


def _conflict(details: Iterable[Message]) -> dict[str, Any]:
    for each in details:
        if isinstance(each, ResourceInfo):
            event = _of_event(Fault(each.description, ""))
            return {"type": "/problems/event-id-conflict", "index": event["index"], "eventId": each.resource_name}
    return {}


def _problem(status: int, text: str, **members: Any) -> ServerResponse:
    phrase = HTTPStatus(status).phrase
    body = json.dumps({"title": phrase, "status": status, "detail": text, **members}).encode()
    return ServerResponse(status, phrase, httpx.Headers(), body)
