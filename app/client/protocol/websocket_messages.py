"""The messages of the WebSocket subprotocol `orders-events.v1.json`, as far as one subscription and one publisher need them.

A server's message becomes the frames that an event stream would have brought, so everything else is the same for both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx

from ..errors import OrdersError, Problem, RequestRefused, UnexpectedAnswer
from .frame import Frame
from .json_object import json_object
from .retries import TRANSIENT_STATUSES, TransientError, reconnect_ms, transient_error
from .server_response import ServerResponse, read_problem
from .stream_options import StreamRequest

SUBPROTOCOL: Final = "orders-events.v1.json"

_SUBSCRIPTION: Final = 1  # the only one of its connection
_UNAUTHENTICATED: Final = 4401  # a close code: the token is missing, not accepted or expired

# After these codes the same connection would be closed again (RFC 6455 §7.4.1, and the contract for 4400 to 4499).
_FINAL_CODES: Final = frozenset({1002, 1003, 1007, 1008, 1009, 1010, *range(4400, 4500)}) - {4408, 4429}


def subscribe_message(request: StreamRequest) -> str:
    """Return the message that asks for a stream."""
    return json.dumps({"type": "subscribe", "subscription": _SUBSCRIPTION, **request.members})


def publish_message(number: int, events: bytes) -> str:
    """Return the message that publishes events. `events`: a JSON array. `number`: comes back in the answer."""
    return f'{{"type":"publish","request":{number},"events":{events.decode()}}}'


def received(text: str | bytes) -> dict[str, Any]:
    """Parse a message of a server. Raises UnexpectedAnswer if it is not a JSON object."""
    message = json_object(text)
    if message is None:
        raise UnexpectedAnswer("A message of the server is not a JSON object.")
    return message


def frames_of(message: Mapping[str, Any]) -> Iterator[Frame]:
    """Return the frames that a message of a server stands for; none for heartbeats and for messages that this client does not know.

    Raises TransientError, RequestRefused, UnexpectedAnswer if it is an error.
    """
    last_id = _text(message, "lastEventId")
    match message.get("type"):
        case "checkpoint":
            yield Frame("stream.checkpoint", last_id, {}, reconnect_ms())
        case "gap":
            yield Frame("stream.gap", last_id, dict(message), reconnect_ms())
        case "events":
            newest = ""
            for event in _events(message):
                newest = _text(event, "id")
                yield Frame(_text(event, "eventType"), newest, _object(event.get("data")))
            if last_id != newest:  # the filter skipped events after the newest that matched
                yield Frame("stream.checkpoint", last_id, {})
        case "deprecation":
            yield Frame("stream.deprecation", "", dict(message))
        case "closing":
            yield Frame("stream.closing", "", dict(message))
        case "error":
            raise refusal(error_response(message))


def publish_answer(message: Mapping[str, Any], number: int) -> ServerResponse | None:
    """Return the answer to a published request as HTTP would give it; None if the message is not that answer."""
    if message.get("request") != number:
        return None
    match message.get("type"):
        case "published":
            return ServerResponse(
                201, "Created", httpx.Headers(), json.dumps({"events": message.get("events")}).encode()
            )
        case "error":
            return error_response(message)
    return None


def error_response(message: Mapping[str, Any]) -> ServerResponse:
    """Return the problem in an error message as the response that HTTP would give."""
    problem = _object(message.get("problem")) or {}
    status = problem.get("status")
    return ServerResponse(status if isinstance(status, int) else 500, "", httpx.Headers(), json.dumps(problem).encode())


def refusal(response: ServerResponse) -> TransientError | OrdersError:
    """Return the error for a response that is not the connection or subscription that was asked for."""
    if response.status_code in TRANSIENT_STATUSES:
        return transient_error(response)
    if response.status_code < 400:
        return UnexpectedAnswer(f"The server does not speak WebSocket here: it answered {response.status_code}.")
    return RequestRefused(read_problem(response))


def closed(url: str, code: int, reason: str) -> TransientError | OrdersError:
    """Return the error for a connection that ended with this code (RFC 6455 §7.4)."""
    sentence = f"{url} closed the connection with {code}{f' ({reason})' if reason else ''}."
    if code == _UNAUTHENTICATED:
        return RequestRefused(Problem("about:blank", "Unauthorized", 401, sentence, {}))
    return UnexpectedAnswer(sentence) if code in _FINAL_CODES else TransientError(sentence)


def _events(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    events = message.get("events")
    for event in events if isinstance(events, list) else []:
        if isinstance(event, dict):
            yield event


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None
