"""What faults of WebSocket connections are made of: changes of messages, and conditions on those that the client has sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from tests.check.broken_server import Fault
from tests.check.broken_socket import SocketFault

SOCKET: Final = "/events/orders/socket"

Asked: TypeAlias = Sequence[Any]


def sending(change: Callable[[Any], Sequence[Any]], when: Callable[[Asked, Any], bool]) -> Fault:
    """Send other messages in place of some."""
    return Fault(socket=SocketFault(sends=lambda asked, sent: change(sent) if when(asked, sent) else [sent]))


def changing(type: str, *, when: Callable[[Asked], bool] = lambda _: True, **members: Any) -> Fault:
    """Change members of the messages of one type."""
    return sending(lambda sent: [{**sent, **members}], lambda asked, sent: sent["type"] == type and when(asked))


def asking(change: Callable[[Any], Any]) -> Fault:
    """Send other messages to the good server."""
    return Fault(socket=SocketFault(asks=change))


def closing(codes: Mapping[int, int]) -> Fault:
    return Fault(socket=SocketFault(closes=lambda code: codes.get(code, code)))


# Conditions on the first message of the client


def subscribes_to_all(asked: Asked) -> bool:
    return set(asked[0]) == {"type", "subscription", "from", "follow"}


def subscribes_plainly(asked: Asked) -> bool:
    return set(asked[0]) == {"type", "subscription"}


def resumes(asked: Asked) -> bool:
    return set(asked[0]) == {"type", "subscription", "lastEventId"}


def follows_one_order(asked: Asked) -> bool:
    return set(asked[0]) == {"type", "subscription", "orderId"} and len(asked) == len(asked[0]["orderId"]) == 1


# Changes of messages


def without(message: Any, *names: str) -> Any:
    return {name: value for name, value in message.items() if name not in names}


def with_events(change: Callable[[Sequence[Any]], Sequence[Any]]) -> Callable[[Any], Sequence[Any]]:
    return lambda sent: [{**sent, "events": change(sent["events"])}]


def with_members(**members: Any) -> Callable[[Sequence[Any]], Sequence[Any]]:
    return lambda events: [{**each, **members} for each in events]


def are_events(when: Callable[[Asked], bool]) -> Callable[[Asked, Any], bool]:
    return lambda asked, sent: sent["type"] == "events" and when(asked)
