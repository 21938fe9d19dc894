"""Probes by one tenant of a shared log: does any answer depend on whether another tenant exists?

The same probes are sent to two servers. On one of them, another tenant publishes between the probes, with the same event ids and order
ids. The answers are compared byte for byte, after each opaque id was replaced by the number of ids that the tenant had seen before it:
the tenant cannot decrypt ids, so it learns nothing from one but whether it has seen it before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx

from tests.support.servers import start_server
from tests.support.tenant_answers import Answer, Probe, World, world
from tests.support.tokens import token, token_settings

OWN: Final = "me_own"
OTHER: Final = "me_other"
TYPES: Final = ("order.shipped", "order.cancelled")
ORDERS: Final = tuple(f"or_{number}" for number in range(8))

_LONGEST_WAIT: Final = 0.002  # of the probes wait a second for a page
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass
class Comparison:
    """What came of the probes: the answers by kind, and the probes whose answers differ."""

    kinds: Counter[str] = field(default_factory=Counter)
    differing: list[tuple[Probe, Answer, Answer]] = field(default_factory=list)
    events_of_others: int = 0


def compare(folder: Path, probes: int, seed: int, store: str = "memory:") -> Comparison:
    """Send probes to a server with another tenant, and to one without, and compare the answers."""
    found, dice = Comparison(), Random(seed)
    with _world(folder / "shared", store) as (shared, publisher), _world(folder / "alone", store) as (alone, _):
        for probe in _probes(dice, probes):
            found.events_of_others += _publish_others(publisher, dice)
            one, other = shared.answer(probe), alone.answer(probe)
            found.kinds[_kind(probe, one)] += 1
            if one != other:
                found.differing.append((probe, one, other))
    return found


@contextmanager
def _world(folder: Path, store: str) -> Iterator[tuple[World, httpx.Client]]:
    """Start a server. Yields it as the tenant sees it, and a client that may publish for everyone."""
    folder.mkdir()
    own = token(sub=OWN, orders_events={"owners": [OWN]}, scope="orders:read orders:publish")
    with (
        start_server(store.format(folder=folder), *token_settings(folder), "--grpc-port", "0") as server,
        httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token()}"}, trust_env=False) as publisher,
    ):
        page = publisher.get("/events/orders", headers={"Accept": "application/json"}).json()
        with world(server, own, page["lastEventId"].partition("-")[0]) as seen:
            yield seen, publisher


def _publish_others(publisher: httpx.Client, dice: Random) -> int:
    events = [_event(dice, dice.choice((OTHER, None))) for _ in range(dice.choice((0, 0, 1, 3)))]
    if not events:
        return 0
    answered = publisher.post("/events/orders", json=events)
    assert answered.status_code in (201, 409), answered.text
    return len(events) if answered.status_code == 201 else 0


def _event(dice: Random, owner: str | None) -> dict[str, Any]:
    event_type = dice.choice(TYPES)
    data = {"orderId": dice.choice(ORDERS), "when": "2024-05-01T10:00:00Z"}
    if event_type == "order.cancelled":
        data["reason"] = dice.choice(("Paid twice", "Lost"))
    if owner is not None:
        data["merchantId"] = owner
    return {"eventType": event_type, "eventId": f"e-{dice.randrange(2000)}", "data": data}


def _probes(dice: Random, count: int) -> Iterator[Probe]:
    for _ in range(count):
        [transport] = dice.choices(("http", "websocket", "grpc"), (8, 1, 1))
        if dice.random() < 0.4:
            owner = dice.choices((OWN, OTHER, None), (8, 1, 1))[0]
            events = [_event(dice, owner) for _ in range(dice.choice((1, 1, 1, 3)))]
            yield Probe("POST", transport, events=events)
        elif transport != "http":
            yield Probe("GET", transport, "", _parameters(dice), _resume(dice))
        else:
            yield dice.choices((_stream, _page, _counts, _state), (8, 8, 4, 1))[0](dice)


def _stream(dice: Random) -> Probe:
    parameters = [*_parameters(dice), ("follow", "false")]
    return Probe(_method(dice), "http", "text/event-stream", parameters, _resume(dice), resumes_by_header=_often(dice))


def _page(dice: Random) -> Probe:
    parameters = [*_parameters(dice), *([("wait", "1")] if dice.random() < _LONGEST_WAIT else [])]
    path = dice.choice(("/events/orders", "/events/orders/page"))
    return Probe(_method(dice), parameters=parameters, resume=_resume(dice), path=path, resumes_by_header=_often(dice))


def _counts(dice: Random) -> Probe:
    # A week, so that no interval ends between the two answers.
    parameters = [*_selection(dice), ("intervalSeconds", "604800")]
    parameters += [("since", _time(dice, "2020-01-01T00:00:00Z"))] if _often(dice) else []
    parameters += [("until", _time(dice, "2999-01-01T00:00:00Z"))] if _often(dice) else []
    return Probe("GET", parameters=parameters, path="/events/orders/counts")


def _state(dice: Random) -> Probe:
    return Probe("GET", path=dice.choice(("/health/ready", "/metrics")))


def _parameters(dice: Random) -> list[tuple[str, str | int]]:
    """Choose the parameters that streams, pages and the other transports have."""
    parameters = _selection(dice)
    parameters += [("from", "earliest")] if _often(dice) else []
    if dice.random() < 0.2:
        parameters.append(("since", _time(dice, dice.choice(("2000-01-01T00:00:00Z", "2999-01-01T00:00:00Z")))))
    parameters += [("limit", str(dice.choice((1, 2, 5, 1000))))] if _often(dice) else []
    parameters += [("majorVersion", "1")] if dice.random() < 0.1 else []
    return parameters


def _selection(dice: Random) -> list[tuple[str, str | int]]:
    parameters: list[tuple[str, str | int]] = [
        ("orderId", order) for order in dice.sample(ORDERS, dice.choice((0, 0, 1, 3)))
    ]
    parameters += [("eventTypes", dice.choice(TYPES))] if dice.random() < 0.2 else []
    return parameters


def _time(dice: Random, otherwise: str) -> str | int:
    return dice.randrange(10**6) if _often(dice) else otherwise


def _often(dice: Random) -> bool:
    return dice.random() < 0.5


def _method(dice: Random) -> str:
    return dice.choices(("GET", "HEAD"), (19, 1))[0]


def _resume(dice: Random) -> int | str | None:
    match dice.randrange(8):
        case 0:
            return -1 - dice.randrange(50)
        case 1:
            return "".join(dice.choices(_ALPHABET, k=21)) + dice.choice("AQgw")
        case 2 | 3:
            return None
        case _:
            return dice.randrange(10**6)


def _kind(probe: Probe, answer: Answer) -> str:
    detail = ""
    if answer.status == 201:
        detail = " with a duplicate" if re.search(rb'"duplicate": ?true', answer.content) else ""
    elif answer.status in (200, 410):
        reasons = [reason for reason in ("foreign", "expired", "ahead") if f'"{reason}"'.encode() in answer.content]
        has_events = b"orderId" in answer.content or b'"counts"' in answer.content
        detail = f" {' '.join(reasons)}" if reasons else " with events" if has_events else ""
    form = probe.accept.partition("/")[2] if probe.transport == "http" else probe.transport
    if probe.path != "/events/orders":
        form = probe.path
    return f"{probe.method} {form} {answer.status}{detail}"
