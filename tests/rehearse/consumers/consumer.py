"""A consumer of the stream with the standard library alone. It has the fault that its argument names; `none` is a good one.

So are `slow`, which takes a second for each event, and `silent`, which does so and reports nothing.

With a second argument, it asks for so many events at a time.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import sys
import threading
import time
from typing import Any
from urllib.parse import urlsplit

FAULT, *LIMIT = sys.argv[1:]
TARGET = "/events/orders" + "".join(f"?limit={each}" for each in LIMIT)
FINAL_REASONS = ("end",) if LIMIT else ("end", "limit")
SERVER = urlsplit(os.environ["ORDERS_EVENTS_URL"]).netloc
REPORT = urlsplit(os.environ["ORDERS_EVENTS_REPORT_URL"])
SILENCE_SECONDS = 2.0

last_id = ""
retry = 1.0
failures = 0
applied: set[str] = set()
held: list[dict[str, Any]] = []


def report(value: dict[str, Any]) -> None:
    connection = http.client.HTTPConnection(SERVER)
    connection.request("POST", REPORT.path, json.dumps(value), {"Content-Type": "application/json"})
    connection.getresponse().read()
    connection.close()


def apply(event: dict[str, Any]) -> None:
    if event["id"] in applied and FAULT != "acts-twice":
        return
    applied.add(event["id"])
    if FAULT in ("slow", "silent"):
        time.sleep(1.0)
    if FAULT != "silent":
        report({"id": event["id"], "data": event["data"]})


def handle(frame: dict[str, str]) -> bool:
    """Handle a frame; return whether to go on."""
    global last_id  # noqa: PLW0603  # the state of this small program
    kind, data = frame.get("event", "message"), json.loads(frame["data"])
    if kind == "stream.closing":
        return data["reason"] not in FINAL_REASONS or FAULT == "reconnects-after-end"
    if kind == "stream.gap" and FAULT != "ignores-gaps":
        report({"gap": data["reason"]})
    if kind in ("order.shipped", "order.cancelled"):
        event = {"id": frame["id"], "data": data}
        if FAULT == "out-of-order":
            held.append(event)
            for each in reversed(held[:2]) if len(held) > 1 else ():
                apply(each)
            del held[: 2 if len(held) > 1 else 0]
        else:
            apply(event)
    elif not kind.startswith("stream.") and FAULT == "dies-of-unknown-events":
        raise SystemExit(f"What is {kind}?")
    if "id" in frame:
        last_id = frame["id"][:20] if FAULT == "cuts-ids" else frame["id"]
    return True


def lines_of(response: http.client.HTTPResponse) -> Any:
    """Yield the lines of a stream without their ends."""
    text, rest = "", b""
    if FAULT == "buffers":
        yield from response.read().decode().splitlines()
        return
    while piece := response.read1(65_536):
        if FAULT == "splits-utf-8":
            text += piece.decode("utf-8", "replace")
        else:
            rest += piece
            whole = max(rest.rfind(b"\n"), rest.rfind(b"\r")) + 1
            text, rest = text + rest[:whole].decode(), rest[whole:]
        *found, text = re.split(r"\n" if FAULT == "knows-lf-only" else r"\r\n|\n|\r(?!\Z)", text)
        yield from found


def follow() -> bool:
    """Read one stream to its end; return whether to come back."""
    headers = {"Accept": "text/event-stream"}
    if last_id and FAULT != "drops-id":
        headers["Last-Event-ID"] = last_id
    connection = http.client.HTTPConnection(SERVER, timeout=SILENCE_SECONDS)
    connection.request("GET", TARGET, headers=headers)
    response = connection.getresponse()
    return refused(response) if response.status != 200 else read(response)


def refused(response: http.client.HTTPResponse) -> bool:
    global failures  # noqa: PLW0603  # the state of this small program
    if response.status == 204:
        return FAULT == "reconnects-after-204"
    if response.status == 401:
        return FAULT == "hammers-after-401"
    failures += 1
    wait = float(response.headers.get("Retry-After", 0))
    time.sleep(0 if FAULT == "ignores-retry-after" else wait)
    return True


def read(response: http.client.HTTPResponse) -> bool:
    global last_id, retry, failures  # noqa: PLW0603  # the state of this small program
    if response.headers.get_content_type() != "text/event-stream" and FAULT != "trusts-every-200":
        failures += 1
        return True
    frame: dict[str, str] = {}
    for line in lines_of(response):
        name, _, value = line.removeprefix("\ufeff").partition(": ")
        if line == "":
            if "data" in frame and not handle(frame):
                return False
            if "id" in frame and FAULT == "trusts-every-200":
                last_id = frame["id"]
            frame, failures = {}, 0
        elif name == "retry":
            retry = int(value) / 1000
        elif name:
            frame[name] = value
            if name == "id" and FAULT == "takes-unfinished-ids":
                last_id = value
    return True


def come_back() -> bool:
    try:
        return follow()
    except ConnectionResetError:
        if FAULT == "dies-of-a-reset":
            raise
    except (OSError, http.client.HTTPException):
        pass
    return True


def main() -> None:
    if FAULT == "opens-two":
        threading.Thread(target=follow_for_ever, daemon=True).start()
    follow_for_ever()


def follow_for_ever() -> None:
    while come_back():
        most = retry * 2**failures
        wait = retry + random.uniform(0, most) if failures else retry
        time.sleep({"no-backoff": 0.0, "waits-its-own-time": 5.0}.get(FAULT, wait))


main()
