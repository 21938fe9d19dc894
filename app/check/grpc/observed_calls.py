"""How the gRPC service answers calls that publish, and calls without an acceptable access token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import grpc
from google.protobuf import json_format

from app.check.grpc.grpc_call import GrpcCall
from app.check.grpc.grpc_client import event_message
from app.check.grpc.grpc_service import GrpcService, failure, grpc_service
from app.check.grpc.service_observations import violated_fields
from app.check.target.target import Target


class Answered(NamedTuple):
    """The status with which a call ended, the pointers to the fields that its details name, and the call."""

    status: str
    fields: Sequence[str]
    call: GrpcCall


def answer_to(target: Target, events: Sequence[Mapping[str, Any]]) -> Answered:
    """Publish events in one call of `Publish`, and return how it is answered."""
    with grpc_service(target) as service:
        message = {"events": [event_message(service, each) for each in events]}
        return _answered(service, "Publish", message)


def answer_without_token(target: Target, method: str, authorization: str) -> Answered:
    """Call a method with something in place of the access token, and return how it is answered."""
    with grpc_service(target) as service:
        return _answered(service, method, {}, authorization)


def _answered(
    service: GrpcService, method: str, message: Mapping[str, Any], authorization: str | None = None
) -> Answered:
    call = service.exchange(method, message)
    sent: Any = [message] if method == "PublishStream" else message
    try:
        answer = service.call(method, sent, authorization=authorization)
        if method != "Publish":
            next(answer, None)
            answer.cancel()
    except grpc.RpcError as error:
        if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            raise failure(error, call, f"A call of {method} is answered.") from None
        return Answered(error.code().name, violated_fields(error), call)
    return Answered("OK", (), call)


def published_as_stream(
    target: Target, requests: Sequence[tuple[int, Sequence[Mapping[str, Any]]]]
) -> tuple[list[tuple[int, list[Mapping[str, Any]]]], GrpcCall]:
    """Publish events in one call of `PublishStream`. `requests`: the number and the events of each.

    Returns the number and the results in each response, and the call.
    """
    with grpc_service(target) as service:
        messages = [
            {"request": number, "events": [event_message(service, each) for each in events]}
            for number, events in requests
        ]
        call = service.exchange("PublishStream", messages[0])
        try:
            responses = [json_format.MessageToDict(each) for each in service.call("PublishStream", messages)]
        except grpc.RpcError as error:
            raise failure(error, call, "Events that follow their contract are stored.") from None
    return [(int(each.get("request", 0)), each.get("events", [])) for each in responses], call
