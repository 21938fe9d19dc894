"""The translation of every error into a status of gRPC with details (https://google.aip.dev/193). No other module does this."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import grpc
from google.protobuf.any_pb2 import Any as Detail
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ResourceInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from app.access.errors import (
    Forbidden,
    InsufficientScope,
    LimitReached,
    Overloaded,
    TokenExpired,
    TooManyRequests,
    Unauthenticated,
)
from app.access.reconnection import Reconnection
from app.events.errors import Draining, EventIdConflict, NotPermitted, StoreUnavailable
from app.metrics.tally import Tally
from app.specification.deprecated_majors import VersionRetired
from app.specification.errors import ContractViolation, MalformedJson, OrdersEventsError, TooManyValues
from app.specification.schema.messages import cut
from app.transports.grpc.message_deadlines import MessageLate
from app.transports.grpc.messages.request_messages import MalformedMessage
from app.transports.grpc.messages.subscribe_request import InvalidRequest
from app.transports.grpc.unread_messages import ReaderStalled

# All details of a status are one header, and clients refuse more than 8 KiB of headers; base64 adds a third.
MAX_DETAIL_BYTES: Final = 4096
MAX_POINTER_CHARACTERS: Final = 128

_log = logging.getLogger(__name__)


class TooOld(OrdersEventsError):
    """Raised when a call was open for as long as a stream may be; another call goes on where it ended."""

    def __init__(self) -> None:
        super().__init__("The stream was open for as long as a stream may be; subscribe again.")


class Retired(OrdersEventsError):
    """Raised when a major version of an event type is retired while a call streams it; another call would be refused."""

    def __init__(self) -> None:
        super().__init__("A major version that the stream has was retired; subscribe to a newer one.")


class _Answer(NamedTuple):
    """How an error is answered: the code of gRPC, and the problem that the same error is over HTTP, under which it is counted."""

    code: grpc.StatusCode
    problem: str


_INTERNAL: Final = _Answer(grpc.StatusCode.INTERNAL, "internal-error")
_OF_ERROR: Final[Mapping[type[Exception], _Answer]] = {
    MessageLate: _Answer(grpc.StatusCode.DEADLINE_EXCEEDED, "malformed-body"),
    MalformedMessage: _Answer(grpc.StatusCode.INVALID_ARGUMENT, "malformed-body"),
    MalformedJson: _Answer(grpc.StatusCode.INVALID_ARGUMENT, "malformed-body"),
    TooManyValues: _Answer(grpc.StatusCode.RESOURCE_EXHAUSTED, "content-too-large"),
    InvalidRequest: _Answer(grpc.StatusCode.INVALID_ARGUMENT, "invalid-parameter"),
    ContractViolation: _Answer(grpc.StatusCode.INVALID_ARGUMENT, "contract-violation"),
    # Not ABORTED or FAILED_PRECONDITION, which ask a client to try again after it has changed something else: the eventId is taken, and
    # no later attempt will succeed with it.
    EventIdConflict: _Answer(grpc.StatusCode.ALREADY_EXISTS, "event-id-conflict"),
    VersionRetired: _Answer(grpc.StatusCode.FAILED_PRECONDITION, "version-retired"),
    Retired: _Answer(grpc.StatusCode.FAILED_PRECONDITION, "version-retired"),
    NotPermitted: _Answer(grpc.StatusCode.PERMISSION_DENIED, "forbidden"),
    StoreUnavailable: _Answer(grpc.StatusCode.UNAVAILABLE, "unavailable"),
    Overloaded: _Answer(grpc.StatusCode.RESOURCE_EXHAUSTED, "overloaded"),
    TooManyRequests: _Answer(grpc.StatusCode.RESOURCE_EXHAUSTED, "too-many-requests"),
    Draining: _Answer(grpc.StatusCode.UNAVAILABLE, "unavailable"),
    ReaderStalled: _Answer(grpc.StatusCode.UNAVAILABLE, "unavailable"),
    TooOld: _Answer(grpc.StatusCode.UNAVAILABLE, "unavailable"),
    Unauthenticated: _Answer(grpc.StatusCode.UNAUTHENTICATED, "unauthenticated"),
    TokenExpired: _Answer(grpc.StatusCode.UNAUTHENTICATED, "unauthenticated"),
    Forbidden: _Answer(grpc.StatusCode.PERMISSION_DENIED, "forbidden"),
    InsufficientScope: _Answer(grpc.StatusCode.PERMISSION_DENIED, "forbidden"),
}


class Statuses:
    """The translation of errors into statuses.

    `tally`: counts the errors by problem. `reconnection`: how long clients wait before they try again.
    """

    def __init__(self, tally: Tally, reconnection: Reconnection) -> None:
        self._tally = tally
        self._reconnection = reconnection

    def refusal(self, error: Exception, call: Mapping[str, object]) -> grpc.Status:
        """Return the status of a call that failed, and count it. An unexpected error is logged, and the status shows nothing of it.

        `call`: fields for the log.
        """
        answer = _OF_ERROR.get(type(error), _INTERNAL)
        if answer is _INTERNAL:
            _log.error("A call failed.", exc_info=error, extra={"fields": call})
            self._tally.refusals[answer.problem] += 1
        else:
            self._tally.refuse(answer.problem, call)
        return self.status(error)

    def status(self, error: Exception) -> grpc.Status:
        """Return the status for an error, with its details."""
        answer = _OF_ERROR.get(type(error), _INTERNAL)
        text = "The server failed to answer; the cause is in its log." if answer is _INTERNAL else str(error)
        details = [*_DETAILS.get(type(error), _no_details)(error)]
        if isinstance(error, LimitReached):
            details.append(_retry_info(error.retry_after_seconds * 1_000))
        elif answer.code is grpc.StatusCode.UNAVAILABLE:
            details.append(_retry_info(self._reconnection.wait_ms()))
        code: int = answer.code.value[0]
        status: grpc.Status = rpc_status.to_status(Status(code=code, message=text, details=map(_packed, details)))
        return status


def _retry_info(milliseconds: int) -> RetryInfo:
    info = RetryInfo()
    info.retry_delay.FromMilliseconds(milliseconds)
    return info


def _invalid_request(error: Any) -> Iterator[Message]:
    yield _bad_request(error.violations)


def _contract_violation(error: Any) -> Iterator[Message]:
    yield _bad_request((f"/events/{each.index}{each.pointer}", each.message) for each in error.violations)


def _event_id_conflict(error: Any) -> Iterator[Message]:
    yield ResourceInfo(resource_type="eventId", resource_name=error.event_id, description=f"/events/{error.index}")


def _not_permitted(error: Any) -> Iterator[Message]:
    yield _bad_request([(f"/events/{error.index}", "is not allowed by the access token")])


def _no_details(_error: Any) -> Iterator[Message]:
    yield from ()


_DETAILS: Final[Mapping[type[Exception], Callable[[Any], Iterator[Message]]]] = {
    InvalidRequest: _invalid_request,
    ContractViolation: _contract_violation,
    EventIdConflict: _event_id_conflict,
    NotPermitted: _not_permitted,
}


def _bad_request(violations: Any) -> BadRequest:
    """Return the first violations, each with a JSON pointer into the request and the rule that the value breaks, as many as fit."""
    request = BadRequest()
    for pointer, message in violations:
        request.field_violations.add(field=cut(pointer, MAX_POINTER_CHARACTERS), description=message)
        if request.ByteSize() > MAX_DETAIL_BYTES:
            del request.field_violations[-1]
            break
    return request


def _packed(message: Message) -> Detail:
    detail = Detail()
    detail.Pack(message)
    return detail
