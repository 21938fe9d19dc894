"""The answers that one tenant of a shared log gets over HTTP, WebSocket and gRPC, in a form in which they can be compared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

import grpc
import httpx
from google.protobuf.json_format import MessageToJson

from tests.support.server_process import ServerProcess
from tests.transports.grpc.foreign import GrpcClient, details_of
from tests.transports.websocket.conversations import conversation

_OPAQUE_ID: Final = re.compile(rb'(?<=[" ])[0-9A-Za-z_-]{21}[AQgw](?=["\n])')
_STORED_AT: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_RETRY: Final = re.compile(rb"(?m)^retry: \d{2,5}$")
_REPEATED: Final = {"eventTypes": "event_types", "orderId": "order_id"}
"""The parameters that a request may have several times, and the fields of gRPC."""
_RENAMED: Final = {"lastEventId": "last_event_id", "majorVersion": "major_version", **_REPEATED}
_NUMBERS: Final = ("limit", "majorVersion")

Parameters: TypeAlias = Sequence[tuple[str, str]]


class Answer(NamedTuple):
    """An answer as the tenant can compare it with others. `status`: of HTTP, also for the other transports if they have its problems."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes


@dataclass(frozen=True)
class Probe:
    """One request of the tenant.

    `transport`: http, websocket or grpc; the latter two read to the end of the log, or publish. `accept`, `path`: of HTTP.
    `parameters`: with their values; a number stands for the time of an answer that was received before, when its last event was stored.
    `resume`: what to send as the last id: the number of an id that was received before, an offset to guess a position (negative, -1
    for offset 0), a text, or None. `resumes_by_header`: whether it is sent as `Last-Event-ID`, over HTTP.
    """

    method: str
    transport: str = "http"
    accept: str = "application/json"
    parameters: Sequence[tuple[str, str | int]] = ()
    resume: int | str | None = None
    events: Sequence[dict[str, Any]] | None = None
    path: str = "/events/orders"
    resumes_by_header: bool = False


@dataclass
class World:
    """A server as the tenant sees it. `epoch`: the name of the epoch of its log, which helps the tenant to guess positions."""

    server: ServerProcess
    authorization: str
    epoch: str
    http: httpx.Client
    grpc: GrpcClient
    seen: dict[bytes, int] = field(default_factory=dict)
    times: list[bytes] = field(default_factory=list)

    def answer(self, probe: Probe) -> Answer:
        requested = self._last_event_id(probe.resume)
        send = {"http": _over_http, "websocket": _over_websocket, "grpc": _over_grpc}[probe.transport]
        answer = send(self, probe, self._parameters(probe), requested)
        content = answer.content
        self.times += _STORED_AT.findall(content)[-1:]
        if isinstance(probe.resume, int) and probe.resume < 0 and requested:
            content = content.replace(requested.encode(), b"(guessed)")
        content = _STORED_AT.sub(b"(time)", _RETRY.sub(b"retry: (random)", content))
        return answer._replace(content=_OPAQUE_ID.sub(self._label, content))

    def _parameters(self, probe: Probe) -> list[tuple[str, str]]:
        known = [(name, value) for name, value in probe.parameters if isinstance(value, str) or self.times]
        return [
            (name, value if isinstance(value, str) else self.times[value % len(self.times)].decode())
            for name, value in known
        ]

    def _last_event_id(self, resume: int | str | None) -> str | None:
        if not isinstance(resume, int):
            return resume
        if resume < 0:
            return f"{self.epoch}-{-resume - 1}"
        ids = [*self.seen]
        return ids[resume % len(ids)].decode() if ids else None

    def _label(self, id: re.Match[bytes]) -> bytes:
        return b"(id %d)" % self.seen.setdefault(id[0], len(self.seen))


@contextmanager
def world(server: ServerProcess, own_token: str, epoch: str) -> Iterator[World]:
    """See a server, which speaks gRPC too, as the owner of a token does."""
    authorization = f"Bearer {own_token}"
    with (
        httpx.Client(base_url=server.url, timeout=60, trust_env=False) as http,
        GrpcClient(server.grpc_address, metadata=[("authorization", authorization)]) as calls,
    ):
        yield World(server, authorization, epoch, http, calls)


def _over_http(seen: World, probe: Probe, parameters: Parameters, last_event_id: str | None) -> Answer:
    headers = {"Accept": probe.accept, "Accept-Encoding": "identity", "Authorization": seen.authorization}
    if last_event_id and probe.resumes_by_header:
        headers["Last-Event-ID"] = last_event_id
    elif last_event_id:
        parameters = [*parameters, ("lastEventId", last_event_id)]
    answered = seen.http.request(probe.method, probe.path, params=[*parameters], headers=headers, json=probe.events)
    received = tuple(each for each in answered.headers.multi_items() if each[0] != "date")
    return Answer(answered.status_code, received, answered.content)


def _over_websocket(seen: World, probe: Probe, parameters: Parameters, last_event_id: str | None) -> Answer:
    with conversation(seen.server, additional_headers={"Authorization": seen.authorization}) as talk:
        if probe.events is not None:
            talk.say("publish", request=1, events=probe.events)
        else:
            talk.say("subscribe", subscription=1, follow=False, **_fields(parameters, last_event_id))
        messages = [talk.read()]
        while messages[-1]["type"] not in ("closing", "published", "error"):
            messages.append(talk.read())
    status = {"closing": 200, "published": 201}.get(messages[-1]["type"]) or messages[-1]["problem"]["status"]
    return Answer(status, (), json.dumps(messages).encode())


def _over_grpc(seen: World, probe: Probe, parameters: Parameters, last_event_id: str | None) -> Answer:
    try:
        if probe.events is not None:
            return Answer(201, (), MessageToJson(seen.grpc.publish(*map(_message, probe.events))).encode())
        fields = _fields(parameters, last_event_id)
        responses = seen.grpc.subscribe(follow=False, **{_RENAMED.get(name, name): fields[name] for name in fields})
        texts = [MessageToJson(each) for each in responses if each.WhichOneof("item") != "heartbeat"]
        return Answer(200, (), "\n".join(texts).encode())
    except grpc.RpcError as error:
        details = "\n".join(MessageToJson(each) for each in details_of(error))
        return Answer(int(error.code().value[0]), (), f"{error.details()}\n{details}".encode())


def _fields(parameters: Parameters, last_event_id: str | None) -> dict[str, Any]:
    """Return the parameters as the members of a message: lists, numbers and texts."""
    fields: dict[str, Any] = {"lastEventId": last_event_id} if last_event_id else {}
    for name, value in parameters:
        if name in _REPEATED:
            fields.setdefault(name, []).append(value)
        else:
            fields[name] = int(value) if name in _NUMBERS else value
    return fields


def _message(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as the keyword arguments of its message of gRPC."""
    data = {re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", name): each for name, each in event["data"].items()}
    return {f"{event['eventType'].replace('.', '_')}_v1": data, "event_id": event["eventId"]}
