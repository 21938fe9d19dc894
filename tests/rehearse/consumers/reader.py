"""A consumer that reads again and again, a part of the log each time. It has the fault that its first argument names; `none` is a good one.

The second argument is what it asks for: a `page`, or a `stored` stream.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

FAULT, KIND = sys.argv[1:]
SERVER = urlsplit(os.environ["ORDERS_EVENTS_URL"]).netloc
REPORT_PATH = urlsplit(os.environ["ORDERS_EVENTS_REPORT_URL"]).path
QUERY = {"page": {"from": "earliest"}, "stored": {"from": "earliest", "follow": "false"}}[KIND]
ACCEPT = "application/json" if KIND == "page" else "text/event-stream"

last_id = ""
applied: set[str] = set()


def send(method: str, target: str, body: str | None = None, **headers: str) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection(SERVER, timeout=2)
    connection.request(method, target, body, headers)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response, text


def report(**line: Any) -> None:
    send("POST", REPORT_PATH, json.dumps(line))


def apply(id: str, data: Any) -> None:
    if id not in applied:
        applied.add(id)
        report(id=id, data=data)


def read_page(text: str) -> None:
    global last_id  # noqa: PLW0603  # the state of this small program
    page = json.loads(text)
    for event in page["events"]:
        if event["eventType"].startswith("order.") and event["schemaVersion"].startswith("1."):
            apply(event["id"], event["data"])
    last_id = page["lastEventId"]


def frames(text: str) -> Iterator[dict[str, str]]:
    for block in text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n\n")[:-1]:
        pairs = (line.partition(": ") for line in block.split("\n"))
        yield {name: value for name, colon, value in pairs if colon}


def read_stream(text: str) -> None:
    global last_id  # noqa: PLW0603  # the state of this small program
    for frame in frames(text):
        kind, data = frame.get("event", ""), json.loads(frame.get("data", "{}"))
        if kind == "stream.gap":
            report(gap=data["reason"])
        elif kind.startswith("order.") and "details" not in data:
            apply(frame["id"], data)
        last_id = frame.get("id", last_id)


def read() -> float:
    """Read once; return for how long to wait until the next time."""
    global last_id  # noqa: PLW0603  # the state of this small program
    query = {**QUERY, **({"lastEventId": last_id} if FAULT != "drops-id" else {})}
    response, text = send("GET", f"/events/orders?{urlencode(query)}", Accept=ACCEPT)
    if response.status == 410:
        problem = json.loads(text)
        if FAULT != "ignores-gaps":
            report(gap=problem["reason"])
        last_id = problem["earliest"]
    elif response.status == 200 and response.headers["Content-Type"].startswith(ACCEPT):
        (read_page if KIND == "page" else read_stream)(text)
    elif response.status == 401 and FAULT != "hammers-after-401":
        raise SystemExit
    return float(response.headers.get("Retry-After", 0.2)) if FAULT != "no-pause" else 0


while True:
    try:
        time.sleep(read())
    except (OSError, http.client.HTTPException):
        time.sleep(0.2)
