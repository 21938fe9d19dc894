"""The faults that the checks must find. Each breaks one promise, and names the check that must find it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from app.check.target.target import Options
from tests.check.broken_server import HEARTBEAT, Change, Fault, Head, Received

EVENTS: Final = "/events/orders"
MARKED: Final = "or_marked"  # the order of one stored event, a cancellation; some faults spoil that one alone
REASON: Final = "für zwei"


class Planted(NamedTuple):
    """A fault to plant.

    `fault`: makes the fault, once for each run, because a fault may have state.
    `found_by`: the check that must find it.
    """

    fault: Callable[[], Fault]
    found_by: str
    options: Options = Options(quick=True)


def each_stream(change: Change, when: Callable[[Received], bool] = lambda _: True) -> Fault:
    """Change each piece of some streams, one by one."""
    return Fault(streams=lambda asked: change if when(asked) else keep)


def order_events(make: Callable[[], Change], when: Callable[[Received], bool]) -> Fault:
    """Change the order events of some streams. `make`: makes the function that changes one stream, which may have state."""

    def streams(asked: Received) -> Change:
        change = make()
        return (lambda piece: change(piece) if b"\nevent: order." in piece else piece) if when(asked) else keep

    return Fault(streams=streams)


def answers(change: Callable[[Head], Head], when: Callable[[Received, Head], bool]) -> Fault:
    """Change some responses that are not streams."""
    return Fault(gives=lambda asked, given: change(given) if when(asked, given) else given)


def keep(piece: bytes) -> bytes:
    return piece


# Conditions on requests


def resumes(asked: Received) -> bool:
    known = asked.last_event_id is not None and "-" in asked.last_event_id and "no-such" not in asked.last_event_id
    chosen = asked.has("eventTypes", "orderId", "limit", "from", "since")
    return known and asked.method == "GET" and not asked.wants_page and not asked.follows and not chosen


def reads_all(asked: Received) -> bool:
    return asked.all("from") == ["earliest"] and not asked.has("eventTypes", "orderId", "limit")


def reads_first_page(asked: Received, given: Head) -> bool:
    return asked.wants_page and asked.has("from") and given.status == 200


def filters_types(asked: Received) -> bool:
    return asked.has("eventTypes") and asked.has("from") and not asked.has("orderId") and not asked.wants_page


def follows_everything(asked: Received) -> bool:
    chosen = asked.has("orderId", "eventTypes", "from") or asked.last_event_id
    return asked.follows and not asked.wants_page and not chosen and asked.path == EVENTS


def reads_events(asked: Received) -> bool:
    return asked.method == "GET" and asked.path == EVENTS


def publishes(asked: Received) -> bool:
    return asked.method == "POST"


# Changes of order events


def dropping(place: int) -> Callable[[], Change]:
    return lambda: _counting(lambda count, piece: b"" if count == place else piece)


def repeating(place: int) -> Callable[[], Change]:
    return lambda: _counting(lambda count, piece: piece * 2 if count == place else piece)


def _counting(change: Callable[[int, bytes], bytes]) -> Change:
    count = -1

    def counted(piece: bytes) -> bytes:
        nonlocal count
        count += 1
        return change(count, piece)

    return counted


def swapping() -> Change:
    held: list[bytes] = []

    def swap(count: int, piece: bytes) -> bytes:
        if count == 0:
            held.append(piece)
            return b""
        return piece + held.pop() if held else piece

    return _counting(swap)


def borrowing_an_id() -> Change:
    ids: list[bytes] = []

    def borrow(piece: bytes) -> bytes:
        ids.extend(re.findall(rb"^id: .*", piece, re.MULTILINE))
        return piece if len(ids) != 2 else piece.replace(ids[1], ids[0])

    return borrow


# Faults that take more than a line


def without_id(piece: bytes) -> bytes:
    return re.sub(rb"\nid: .*", b"", piece) if piece.startswith(b"retry") and b"stream.checkpoint" in piece else piece


def with_stranger(piece: bytes) -> bytes:
    return piece + b"event: stream.unheard\ndata: {}\n\n" if piece.startswith(b"retry") else piece


def silent(asked: Received) -> Change:
    quiet = asked.follows and any(re.match("nobody-(?!else)", order) for order in asked.all("orderId"))
    return (lambda piece: piece if piece.startswith(b"retry") else b"") if quiet else keep


def spoiled(body: bytes) -> bytes:
    return re.sub(rb'("orderId":"or_marked","when":)"[^"]*"', rb"\g<1>7", body)


def split(piece: bytes) -> bytes:
    return piece.replace(b'{"orderId":"or_marked",', b'{"orderId":"or_marked",\ndata: ')


def late() -> Fault:
    times = iter((1.2, 1.2, 1.2, 1.2))
    return Fault(waits=lambda asked: next(times, 0) if follows_everything(asked) and asked.method == "GET" else 0)


def with_json(change: Callable[[Any], Any]) -> Callable[[Head], Head]:
    return lambda given: replace(given, body=json.dumps(change(json.loads(given.body))).encode())


def without_headers(*names: str) -> Callable[[Head], Head]:
    return lambda given: replace(
        given, headers={name: value for name, value in given.headers.items() if name not in names}
    )


def as_html(given: Head) -> Head:
    return replace(given, headers={**given.headers, "content-type": "text/html"}, body=b"<h1>Not Found</h1>")


def as_empty_stream(given: Head) -> Head:
    return replace(given, status=200, headers={**given.headers, "content-type": "text/event-stream"}, body=EMPTY_STREAM)


EMPTY_STREAM: Final = (
    b'retry: 3000\nid: a-1\nevent: stream.checkpoint\ndata: {}\n\nevent: stream.closing\ndata: {"reason":"end"}\n\n'
)


def unfiltered(asked: Received) -> Received:
    return asked.without("eventTypes") if filters_types(asked) else asked


def half_filtered(asked: Received) -> Received:
    parameters = [
        (name, value.partition(",")[0] if name == "eventTypes" else value) for name, value in asked.parameters
    ]
    return replace(asked, parameters=parameters)


def of_all_orders(asked: Received) -> Received:
    chosen = asked.has("from") and asked.has("orderId") and not asked.all("orderId")[0].startswith("nobody")
    return asked.without("orderId") if chosen else asked


def from_the_earliest(asked: Received) -> Received:
    """Send the request as if it had no unknown id."""
    unknown = not asked.wants_page and (asked.last_event_id or "").startswith("no-such")
    return without_header(asked.without("lastEventId"), "from", "earliest") if unknown else asked


def without_header(asked: Received, name: str, value: str) -> Received:
    headers = {each: text for each, text in asked.headers.items() if each != "last-event-id"}
    return replace(asked, headers=headers, parameters=[*asked.parameters, (name, value)])


def gap_of_nothing(piece: bytes) -> bytes:
    """Make a gap of the checkpoint with which a stream begins."""
    begins = piece.startswith(b"retry") and b"event: stream.checkpoint" in piece
    if not begins:
        return piece
    id = re.findall(rb"^id: (.*)", piece, re.MULTILINE)[0]
    data = b'data: {"reason":"expired","requested":"%b","earliest":"%b"}' % (id, id)
    return piece.replace(b"stream.checkpoint", b"stream.gap").replace(b"data: {}", data)


def by_the_parameter(asked: Received) -> Received:
    if not asked.has("lastEventId"):
        return asked
    return replace(asked, headers={name: value for name, value in asked.headers.items() if name != "last-event-id"})


def without_malformed_id(asked: Received) -> Received:
    malformed = any(not re.fullmatch(r"[\w-]{1,64}\Z", value, re.ASCII) for value in asked.all("lastEventId"))
    return asked.without("lastEventId") if malformed else asked


def accepting_all(asked: Received) -> Received:
    return replace(asked, headers={**asked.headers, "accept": "*/*"}) if "html" in asked.headers["accept"] else asked


def storing_twice() -> Fault:
    seen: set[bytes] = set()

    def first(asked: Received) -> list[Received]:
        if not publishes(asked):
            return []
        again = asked.body in seen
        seen.add(asked.body)
        return [replace(asked, body=renamed(asked.body))] if again else []

    return Fault(first=first)


def renamed(body: bytes) -> bytes:
    return json.dumps({**json.loads(body), "eventId": "stored-again"}).encode()


def storing_half() -> Fault:
    def first(asked: Received) -> list[Received]:
        batch = publishes(asked) and asked.body.startswith(b"[") and b'"orderId": 7' in asked.body
        return [replace(asked, body=json.dumps(json.loads(asked.body)[0]).encode())] if batch else []

    return Fault(first=first)


def storing_backwards() -> Fault:
    def asks(asked: Received) -> Received:
        batch = publishes(asked) and asked.body.startswith(b"[") and b'"orderId": 7' not in asked.body
        return replace(asked, body=json.dumps(json.loads(asked.body)[::-1]).encode()) if batch else asked

    return Fault(
        asks=asks, gives=lambda asked, given: backwards(given) if publishes(asked) and given.status == 201 else given
    )


backwards: Final = with_json(lambda body: {"events": body["events"][::-1]})


def changing_live(change: Change) -> Fault:
    """Change the events that were published alone, on streams that follow."""
    alone: set[bytes] = set()

    def asks(asked: Received) -> Received:
        if publishes(asked) and asked.body.startswith(b"{"):
            alone.update(re.findall(rb'"orderId": ("check-[^"]*")', asked.body))
        return asked

    def changed(piece: bytes) -> bytes:
        return change(piece) if any(order in piece for order in alone) else piece

    return Fault(asks=asks, streams=lambda asked: changed if follows_everything(asked) else keep)


def called(*, duplicate: bool) -> Callable[[Any], Any]:
    return lambda body: {"events": [{**each, "duplicate": duplicate} for each in body["events"]]}


def without_responses(document: Any) -> Any:
    operation = {**document["paths"]["/metrics"]["get"], "responses": {}}
    return {**document, "paths": {**document["paths"], "/metrics": {"get": operation}}}


def pointless(body: Any) -> Any:
    return {**body, "violations": [{**each, "pointer": ""} for each in body["violations"]]}


def lacking_second(page: Any) -> Any:
    return {**page, "events": [page["events"][0], *page["events"][2:]]}


def claiming_security(given: Head) -> Head:
    """Change a document in JSON or YAML so that its first operation needs a token."""
    body = given.body.replace(b'"security": []', b'"security": [{"bearer": []}]', 1)
    return replace(given, body=body.replace(b"security: []", b"security: [{bearer: []}]", 1))


def status_is(status: int) -> Callable[[Received, Head], bool]:
    return lambda _, given: given.status == status


def asks_for(**parameters: str) -> Callable[[Received, Head], bool]:
    return lambda asked, _: all(asked.all(name) == [value] for name, value in parameters.items())


PLANTED: Final[Mapping[str, Planted]] = {
    "the YAML says something else": Planted(
        lambda: answers(lambda given: replace(given, body=b"openapi: 3.0.3\n"), lambda asked, _: ".yaml" in asked.path),
        "contract-document",
    ),
    "the document is not valid": Planted(
        lambda: answers(with_json(without_responses), lambda asked, _: asked.path == "/openapi.json"),
        "contract-document",
    ),
    "a schema is of another type": Planted(
        lambda: answers(as_html, lambda asked, _: asked.path.endswith("/order.cancelled/1.0.0")), "event-schemas"
    ),
    "a schema is not a schema": Planted(
        lambda: answers(
            with_json(lambda schema: {**schema, "type": 7}),
            lambda asked, _: asked.path.endswith("/order.cancelled/1.0.0"),
        ),
        "event-schemas",
    ),
    "a schema differs from the document": Planted(
        lambda: answers(
            with_json(lambda schema: {**schema, "required": ["orderId"]}),
            lambda asked, _: "order.shipped" in asked.path,
        ),
        "event-schemas",
    ),
    "an event type is not listed": Planted(
        lambda: answers(
            with_json(lambda listed: {"eventTypes": listed["eventTypes"][1:]}),
            lambda asked, _: asked.path == "/event-types",
        ),
        "event-schemas",
    ),
    "the first byte is late": Planted(late, "first-byte"),
    "the cache headers are missing": Planted(
        lambda: answers(without_headers("cache-control", "x-accel-buffering"), lambda asked, _: asked.path == EVENTS),
        "stream-headers",
    ),
    "the first id is missing": Planted(lambda: each_stream(without_id), "opening"),
    "the retry time is longer than promised": Planted(
        lambda: each_stream(lambda piece: re.sub(rb"^retry: .*\n", b"retry: 5001\n", piece)), "opening"
    ),
    "the retry time is missing": Planted(
        lambda: each_stream(lambda piece: re.sub(rb"^retry: .*\n", b"", piece)), "opening"
    ),
    "there are no heartbeats": Planted(lambda: Fault(streams=silent), "heartbeat", Options(heartbeat_seconds=0.3)),
    "a blank line follows the heartbeat": Planted(
        lambda: each_stream(lambda piece: HEARTBEAT + b"\n" if piece == HEARTBEAT else piece), "comments", Options()
    ),
    "the closing frame has an id": Planted(
        lambda: each_stream(lambda piece: b"id: a-1\n" + piece if b"stream.closing" in piece else piece), "closing"
    ),
    "the closing frame is missing": Planted(
        lambda: each_stream(lambda piece: b"" if b"stream.closing" in piece else piece), "closing"
    ),
    "the closing frame has another reason": Planted(
        lambda: each_stream(lambda piece: piece.replace(b'"reason":"end"', b'"reason":"limit"')), "closing"
    ),
    "a stream is sent although nothing is stored": Planted(
        lambda: answers(as_empty_stream, status_is(204)), "end-of-log"
    ),
    "the limit is ignored": Planted(
        lambda: Fault(asks=lambda asked: asked.without("limit") if asked.has("from") else asked), "limit"
    ),
    "the limit is reported as the end": Planted(
        lambda: each_stream(lambda piece: piece.replace(b'"reason":"limit"', b'"reason":"end"')), "limit"
    ),
    "HEAD is not answered as GET": Planted(
        lambda: answers(without_headers("content-type"), lambda asked, _: asked.method == "HEAD"), "head"
    ),
    "HEAD is not allowed": Planted(
        lambda: answers(
            lambda given: replace(given, status=405),
            lambda asked, _: asked.method == "HEAD" and asked.path == EVENTS,
        ),
        "head",
    ),
    "HEAD hangs": Planted(
        lambda: Fault(waits=lambda asked: 600 if asked.method == "HEAD" and asked.path == EVENTS else 0),
        "head",
        Options(quick=True, timeout_seconds=5),
    ),
    "an event is not in the contract": Planted(lambda: each_stream(with_stranger), "event-names"),
    "a payload breaks its schema": Planted(
        lambda: Fault(
            gives=lambda _, given: replace(given, body=spoiled(given.body)),
            streams=lambda _: spoiled,
        ),
        "payloads",
    ),
    "data has two lines": Planted(lambda: each_stream(split), "data-lines"),
    "data is not ASCII": Planted(
        lambda: each_stream(lambda piece: piece.replace(b"\\u00fc", "ü".encode())), "data-lines"
    ),
    "data is not JSON": Planted(
        lambda: each_stream(lambda piece: piece.replace(b"data: {}", b"data: {")), "data-lines"
    ),
    "two events have one id": Planted(lambda: order_events(borrowing_an_id, reads_all), "ids"),
    "resuming omits the first event": Planted(lambda: order_events(dropping(0), resumes), "resume"),
    "resuming omits a later event": Planted(lambda: order_events(dropping(2), resumes), "resume"),
    "resuming repeats an event": Planted(lambda: order_events(repeating(0), resumes), "resume"),
    "resuming changes the order": Planted(lambda: order_events(swapping, resumes), "resume"),
    "resuming changes an event": Planted(
        lambda: order_events(lambda: lambda piece: piece.replace(b":", b": ", 5), resumes), "resume"
    ),
    "resuming reports a gap although there is none": Planted(lambda: each_stream(gap_of_nothing, resumes), "resume"),
    "the parameter wins over the header": Planted(lambda: Fault(asks=by_the_parameter), "header-wins"),
    "an unknown id is not reported": Planted(lambda: Fault(asks=from_the_earliest), "foreign-id"),
    "a gap has another id": Planted(
        lambda: each_stream(
            lambda piece: re.sub(rb"\nid: .*\nevent: stream.gap", b"\nid: a-1\nevent: stream.gap", piece)
        ),
        "foreign-id",
    ),
    "a page lacks an event": Planted(lambda: answers(with_json(lacking_second), reads_first_page), "paging"),
    "the filter lets other types pass": Planted(lambda: Fault(asks=unfiltered), "event-type-filter"),
    "the filter reads one type of a list": Planted(lambda: Fault(asks=half_filtered), "event-type-filter"),
    "the filter loses an event": Planted(lambda: order_events(dropping(0), filters_types), "event-type-filter"),
    "the filter lets other orders pass": Planted(lambda: Fault(asks=of_all_orders), "order-filter"),
    "an open stream changes the order": Planted(lambda: order_events(swapping, follows_everything), "live"),
    "a malformed id is accepted": Planted(lambda: Fault(asks=without_malformed_id), "malformed-id"),
    "an unknown parameter is accepted": Planted(
        lambda: Fault(asks=lambda asked: asked.without("no-such-parameter") if reads_events(asked) else asked),
        "unknown-parameter",
    ),
    "a problem has another status": Planted(
        lambda: answers(
            with_json(lambda problem: {**problem, "status": 422}),
            lambda asked, _: reads_events(asked) and asked.has("no-such-parameter"),
        ),
        "unknown-parameter",
    ),
    "a bad value is an internal error": Planted(
        lambda: answers(lambda given: replace(given, status=500), asks_for(limit="0")), "invalid-value"
    ),
    "a stream is sent to a client that accepts none": Planted(lambda: Fault(asks=accepting_all), "not-acceptable"),
    "a 404 is a page of HTML": Planted(lambda: answers(as_html, status_is(404)), "unknown-path"),
    "a problem is too long": Planted(
        lambda: answers(with_json(lambda problem: {**problem, "detail": "x" * 3000}), status_is(404)), "unknown-path"
    ),
    "a 405 allows nothing": Planted(lambda: answers(without_headers("allow"), status_is(405)), "wrong-method"),
    "a token is claimed to be needed": Planted(
        lambda: answers(claiming_security, lambda asked, _: asked.path.startswith("/openapi.")), "bad-token"
    ),
    "a lost page is not found": Planted(
        lambda: answers(lambda given: replace(given, status=404), status_is(410)), "lost-page"
    ),
    "an event is sent twice to followers": Planted(lambda: changing_live(lambda piece: piece * 2), "publish-once"),
    "an event is changed for followers": Planted(
        lambda: changing_live(lambda piece: piece.replace(b'"when":"2', b'"when":"3')), "publish-once"
    ),
    "a new event is called a duplicate": Planted(
        lambda: answers(
            with_json(called(duplicate=True)),
            lambda asked, given: publishes(asked) and given.status == 201 and asked.body.startswith(b"{"),
        ),
        "publish-once",
    ),
    "a duplicate is called a new event": Planted(
        lambda: answers(
            with_json(called(duplicate=False)), lambda asked, given: publishes(asked) and given.status == 201
        ),
        "publish-again",
    ),
    "a batch is stored backwards": Planted(storing_backwards, "publish-batch"),
    "a duplicate is stored twice": Planted(storing_twice, "publish-again"),
    "a conflict is accepted": Planted(
        lambda: answers(lambda given: replace(given, status=201), status_is(409)), "publish-conflict"
    ),
    "a bad event is not pointed at": Planted(
        lambda: answers(
            with_json(pointless), lambda asked, given: given.status == 422 and not asked.body.startswith(b"[")
        ),
        "publish-invalid",
    ),
    "a malformed body is refused as a contract violation": Planted(
        lambda: answers(
            lambda given: replace(given, status=422),
            lambda asked, given: publishes(asked) and given.status == 400 and not asked.parameters,
        ),
        "publish-malformed",
    ),
    "half of a bad batch is stored": Planted(storing_half, "publish-all-or-none"),
}
