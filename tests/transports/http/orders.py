"""Order events to publish, and the shortest ways to publish and read them."""

from __future__ import annotations

import itertools
import json
import re
import time
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.transports.http.wire import PATIENCE_SECONDS

Json: TypeAlias = Any
"""JSON as `json.loads` returns it."""

EVENTS = "/events/orders"
PAGE = {"Accept": "application/json"}
WHEN = "2024-05-01T10:00:00Z"


class Frame(NamedTuple):
    """One block of a finished stream, its fields as they were sent; None if there is no such line."""

    id: str | None
    event: str | None
    data: str | None
    retry: str | None = None


def new_order() -> str:
    """Name an order that no other test has."""
    return f"or_{uuid.uuid4().hex[:12]}"


def shipped(order_id: str = "or_12345", **members: Json) -> dict[str, Json]:
    return {"eventType": "order.shipped", "data": {"orderId": order_id, "when": WHEN}, **members}


def cancelled(order_id: str = "or_12345", reason: str = "Paid twice", **members: Json) -> dict[str, Json]:
    return {"eventType": "order.cancelled", "data": {"orderId": order_id, "when": WHEN, "reason": reason}, **members}


def publish(http: httpx.Client, *events: dict[str, Json]) -> list[str]:
    """Publish events in one request; return their ids."""
    response = http.post(EVENTS, json=list(events))
    assert response.status_code == 201, response.text
    return [each["id"] for each in response.json()["events"]]


def head_id(http: httpx.Client) -> str:
    """Ask for the id that stands for the end of the log."""
    page = http.get(EVENTS, headers=PAGE).json()
    return str(page["lastEventId"])


def read_page(http: httpx.Client, **parameters: Json) -> dict[str, Json]:
    """Read a page; `from_` is the parameter `from`."""
    response = http.get(EVENTS, params=query(parameters), headers=PAGE)
    assert response.status_code == 200, response.text
    return dict(response.json())


def read_stored(http: httpx.Client, headers: dict[str, str] | None = None, **parameters: Json) -> list[Frame]:
    """Read what is stored as a stream that ends; `from_` is the parameter `from`."""
    response = http.get(EVENTS, params=query({"follow": "false", **parameters}), headers=headers)
    assert response.status_code == 200, response.text
    return frames(response.text)


def query(parameters: dict[str, Json]) -> dict[str, Json]:
    """Spell parameters as the contract does: Python has a `from` of its own."""
    return {name.removesuffix("_"): value for name, value in parameters.items()}


def frames(stream: str) -> list[Frame]:
    """Take a whole stream apart, strictly: comments, and blocks of known fields, each at most once."""
    *blocks, end = stream.split("\n\n")
    assert end == "", f"The stream ends within a block: {end!r}"
    return [_frame(block) for block in blocks]


def _frame(block: str) -> Frame:
    fields: dict[str, str] = {}
    for line in block.split("\n"):
        if line.startswith(":"):
            continue
        name, separator, value = line.partition(": ")
        assert separator, f"This is no line of an event stream: {line!r}"
        assert re.fullmatch("id|event|data|retry", name), f"Such a field does not exist: {line!r}"
        assert name not in fields, f"A field is given twice: {block!r}"
        fields[name] = value
    return Frame(fields.get("id"), fields.get("event"), fields.get("data"), fields.get("retry"))


def order_events(stream: list[Frame]) -> list[tuple[str | None, Json]]:
    """Give the ids and data of the order events among frames."""
    return [(frame.id, json.loads(frame.data or "")) for frame in stream if (frame.event or "").startswith("order.")]


def metric(http: httpx.Client, name: str, **labels: str) -> float:
    """Read one value from /metrics; 0 if the label has not been counted yet."""
    families = text_string_to_metric_families(http.get("/metrics").text)
    samples = itertools.chain.from_iterable(family.samples for family in families)
    return sum(sample.value for sample in samples if sample.name == name and labels.items() <= sample.labels.items())


def streams_open(http: httpx.Client) -> float:
    return metric(http, "orders_events_streams")


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    """Ask until it is so; False if it never is."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
