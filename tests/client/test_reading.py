"""The decisions of a subscription, without a socket: its requests, what it delivers, its waits and its end."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

import pytest
from httpx_sse import ServerSentEvent

from app.client.errors import EventsLost, RequestRefused, Unavailable, UnexpectedAnswer
from app.client.event_types import OrderShipped
from app.client.events import Checkpoint, Deprecation, Gap, OrderEvent
from app.client.protocol.frame import Frame
from app.client.protocol.reading import Reading
from app.client.protocol.retries import TransientError
from app.client.protocol.server_response import ServerResponse
from app.client.protocol.stream_options import Checkpoints, StreamItem, StreamOptions, delivery, stream_query
from app.client.transports.event_source import frame_of
from tests.client.frames import answer, checkpoint, closing, frame, gap, problem, shipped

DEPRECATION = {
    "eventType": "order.shipped",
    "majorVersion": 1,
    "deprecatedOn": "2026-12-01",
    "sunsetOn": "2027-06-01",
    "successor": 2,
}
CUT = TransientError("Cut.")
TOO_DEEP = "[" * 100_000


class Clock:
    """A clock that stands still."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Subject:
    """A `Reading` inside `following`, and its reports."""

    def __init__(self, options: StreamOptions | None = None, checkpoints: Checkpoints = "skip") -> None:
        given: StreamOptions = {} if options is None else options
        self.clock = Clock()
        self.reports: list[str] = []
        self.reading: Reading[StreamItem] = Reading(
            stream_query(given),
            delivery("yield", checkpoints),
            retry_max_seconds=given.get("retry_max_seconds"),
            report=self.reports.append,
            clock=self.clock,
        )
        self._following: AbstractContextManager[None] = self.reading.following()
        self._following.__enter__()

    def connect(self, *frames: Frame) -> list[StreamItem]:
        """Make a connection, and return the items that are delivered."""
        self.reading.next_request()
        self.reading.opened(answer())
        return read(self.reading, frames)

    def fail(self, failure: TransientError = CUT) -> float:
        """Make a connection that brings nothing, and return how long to wait."""
        self.reading.next_request()
        self.reading.disconnected(failure)
        return self.reading.wait_seconds()

    def asked(self) -> tuple[dict[str, str], str | None]:
        """Return the parameters and the last id of the next request."""
        ask = self.reading.next_request()
        return dict(ask.query), ask.headers.get("Last-Event-ID")


def read(reading: Reading[StreamItem], frames: Sequence[Frame]) -> list[StreamItem]:
    delivered = []
    for each in frames:
        if not reading.expects_frames:
            break
        value = reading.receive(each)
        if value is not None:
            delivered.append(value)
    reading.disconnected(CUT)
    return delivered


def ids(values: Sequence[StreamItem]) -> list[str]:
    return [value.id for value in values]


def test_event_is_delivered_with_its_type_and_data() -> None:
    (event,) = Subject().connect(checkpoint(0), shipped(1))
    assert event == OrderShipped("e-1", "order.shipped", {"orderId": "o1", "when": "2024-05-01T10:00:00Z"})


def test_event_of_an_unknown_type_is_delivered_too() -> None:
    (event,) = Subject().connect(frame("order.returned", "e-1", orderId="o1", items=2))
    assert event == OrderEvent("e-1", "order.returned", {"orderId": "o1", "items": 2})
    assert type(event) is OrderEvent


def test_first_request_names_the_start_and_later_ones_the_last_id() -> None:
    subject = Subject({"event_types": ["a", "b"], "from_": "earliest", "since": "t", "limit": 5})
    first = {"eventTypes": "b", "from": "earliest", "since": "t", "limit": "5"}
    assert subject.asked() == (first, None)
    subject.fail()
    assert subject.asked() == (first, None)
    subject.connect(checkpoint(0), shipped(1))
    assert subject.asked() == ({"eventTypes": "b", "limit": "4"}, "e-1")


def test_given_id_replaces_the_start() -> None:
    assert Subject({"after": "e-7", "from_": "earliest"}).asked() == ({}, "e-7")


@pytest.mark.parametrize("frames", [[checkpoint(3)], [frame("stream.promise", "e-3")], [frame("message", "e-3")]])
def test_control_frame_only_moves_the_last_id(frames: list[Frame]) -> None:
    subject = Subject()
    assert subject.connect(*frames) == []
    assert subject.asked() == ({}, "e-3")


@pytest.mark.parametrize("frames", [[checkpoint(3)], [frame("stream.promise", "e-3")], [frame("message", "e-3")]])
def test_checkpoint_is_delivered_if_asked_for(frames: list[Frame]) -> None:
    subject = Subject(checkpoints="yield")
    assert subject.connect(*frames) == [Checkpoint("e-3")]
    assert subject.reading.last_event_id == "e-3"


def test_checkpoint_at_the_last_id_is_not_delivered() -> None:
    subject = Subject({"after": "e-1"}, checkpoints="yield")
    assert subject.connect(checkpoint(1), frame("stream.promise"), checkpoint(2), checkpoint(2)) == [Checkpoint("e-2")]
    assert ids(subject.connect(checkpoint(2), shipped(3), checkpoint(3), closing("end", "e-3"))) == ["e-3"]


def test_checkpoint_does_not_count_against_the_limit() -> None:
    subject = Subject({"limit": 2}, checkpoints="yield")
    assert ids(subject.connect(checkpoint(0), shipped(1), checkpoint(5), shipped(6))) == ["e-0", "e-1", "e-5", "e-6"]
    assert subject.reading.ended


def test_event_that_a_server_repeats_is_delivered_once() -> None:
    subject = Subject({"limit": 4})
    assert ids(subject.connect(shipped(1), shipped(2), shipped(2))) == ["e-1", "e-2"]
    assert ids(subject.connect(shipped(1), shipped(2), shipped(3))) == ["e-3"]
    assert subject.asked() == ({"limit": "1"}, "e-3")


def test_events_after_a_gap_are_delivered_although_they_were_before() -> None:
    subject = Subject()
    subject.connect(shipped(1), shipped(2))
    assert ids(subject.connect(gap("e-0", reason="ahead"), shipped(1), shipped(2))) == ["e-0", "e-1", "e-2"]


def test_gap_is_delivered_as_a_value_and_moves_the_last_id() -> None:
    subject = Subject()
    assert subject.connect(gap()) == [Gap("f-6", "expired", "e-1", "f-6")]
    assert subject.reading.last_event_id == "f-6"


def test_gap_with_missing_members_is_a_gap() -> None:
    assert Subject().connect(frame("stream.gap", "f-6")) == [Gap("f-6", "unknown", "unknown", "unknown")]


def test_raised_gap_comes_again_after_a_resume_and_is_passed_by_iterating_again() -> None:
    reading = Reading(stream_query({"after": "e-1"}), delivery("raise", "skip"), retry_max_seconds=None, report=print)
    with reading.following():
        reading.next_request()
        reading.opened(answer())
        with pytest.raises(EventsLost, match="the position e-1 is expired") as lost:
            reading.receive(gap())
    assert lost.value.gap.earliest == "f-6"
    assert (reading.last_event_id, reading.active) == ("e-1", False)
    with reading.following():
        assert reading.active
        assert reading.next_request().headers["Last-Event-ID"] == "f-6"
        assert reading.last_event_id == "f-6"


def test_stream_does_not_return_to_a_gap_that_it_has_passed() -> None:
    subject = Subject()
    subject.connect(gap("f-6"), shipped(7))
    with subject.reading.following():
        assert subject.asked() == ({}, "e-7")


@pytest.mark.parametrize("reason", ["limit", "end"])
def test_closing_with_a_final_reason_ends_the_stream(reason: str) -> None:
    subject = Subject()
    assert ids(subject.connect(shipped(1), closing(reason, "e-1"), shipped(2))) == ["e-1"]
    assert subject.reading.ended
    assert subject.reading.wait_seconds() == 0


@pytest.mark.parametrize("reason", ["drain", "unavailable", "token_expired", "overloaded", "max_age", "newer", ""])
def test_closing_with_another_reason_only_ends_the_connection(reason: str) -> None:
    subject = Subject()
    assert ids(subject.connect(shipped(1), closing(reason, "e-1"), shipped(2))) == ["e-1"]
    assert not subject.reading.ended
    assert ids(subject.connect(shipped(2))) == ["e-2"]


@pytest.mark.parametrize("data", ["{}", "[]", "x", "", '{"reason": ["end"]}', TOO_DEEP])
def test_malformed_closing_only_ends_the_connection(data: str) -> None:
    subject = Subject()
    subject.connect(frame_of(ServerSentEvent("stream.closing", data, "e-1")))
    assert not subject.reading.ended


def test_limit_counts_events_across_connections() -> None:
    subject = Subject({"limit": 3})
    assert ids(subject.connect(shipped(1), shipped(2))) == ["e-1", "e-2"]
    assert ids(subject.connect(gap(), shipped(3), shipped(4))) == ["f-6", "e-3"]
    assert subject.reading.ended


def test_empty_log_ends_a_finite_stream() -> None:
    subject = Subject({"follow": False})
    assert subject.asked() == ({"follow": "false"}, None)
    subject.reading.opened(answer(204))
    assert subject.reading.ended
    assert not subject.reading.expects_frames


@pytest.mark.parametrize(
    ("given", "status", "text"),
    [
        (problem(400, "1 parameter is wrong.", errors=[{"name": "since", "message": "is no time"}, 5]), 400, "is no time"),
        (problem(406, "The Accept header admits neither."), 406, "admits neither"),
        (answer(204), 204, "there is no stream to follow"),
        (answer(401, b"<html>"), 401, "The server answered 401 Unauthorized."),
        (answer(307, location="/x"), 307, "The server answered 307 Temporary Redirect and points to /x."),
        (answer(404, b"[]"), 404, "404 Not Found"),
        (answer(404, TOO_DEEP.encode()), 404, "404 Not Found"),
    ],
)  # fmt: skip
def test_refusal_contains_the_reason(given: ServerResponse, status: int, text: str) -> None:
    reading = Subject().reading
    with pytest.raises(RequestRefused, match=text) as refused:
        reading.opened(given)
    assert (refused.value.status, refused.value.problem.status) == (status, status)


def test_refusal_has_the_whole_problem_document() -> None:
    with pytest.raises(RequestRefused) as refused:
        Subject().reading.opened(problem(400, "No.", errors=[]))
    found = refused.value.problem
    assert (found.type, found.title, found.detail, found.members["errors"]) == ("/problems/x", "X", "No.", [])


@pytest.mark.parametrize(
    ("content_type", "text"), [("text/html; charset=utf-8", "text/html"), ("", "of no known type")]
)
def test_response_of_another_media_type_is_not_a_stream(content_type: str, text: str) -> None:
    with pytest.raises(UnexpectedAnswer, match=f"not an event stream, but {text}"):
        Subject().reading.opened(answer(200, content_type=content_type))


@pytest.mark.parametrize("data", ["", "x", "[]", "5", TOO_DEEP])
def test_event_whose_data_is_not_an_object_is_an_error_that_moves_nothing(data: str) -> None:
    subject = Subject()
    with pytest.raises(UnexpectedAnswer, match="The data of the event 'e-2' is not a JSON object"):
        subject.connect(shipped(1), frame_of(ServerSentEvent("order.shipped", data, "e-2")))
    assert subject.asked() == ({}, "e-1")


@pytest.mark.parametrize("event_id", ["\N{LATIN SMALL LETTER E WITH ACUTE}", "a\tb", "a\x00"])
@pytest.mark.parametrize("name", ["order.shipped", "stream.checkpoint", "stream.gap"])
def test_id_that_cannot_be_sent_back_is_an_error_that_moves_nothing(name: str, event_id: str) -> None:
    subject = Subject()
    with pytest.raises(UnexpectedAnswer, match="cannot be the id of an event"):
        subject.connect(shipped(1), frame(name, event_id, orderId="o1"))
    assert subject.asked() == ({}, "e-1")


def test_text_of_a_long_refusal_is_cut() -> None:
    with pytest.raises(RequestRefused) as refused:
        Subject().reading.opened(problem(400, "x" * 1_000_000))
    assert len(str(refused.value)) == 2000


def test_event_without_an_id_is_an_error() -> None:
    with pytest.raises(UnexpectedAnswer, match=r"order\.shipped"):
        Subject().connect(frame("order.shipped", orderId="o1"))


def test_wait_after_progress_is_the_one_that_the_stream_asked_for() -> None:
    subject = Subject()
    assert subject.connect(checkpoint(0, retry=2345)) == []
    assert subject.reading.wait_seconds() == 2.345
    assert subject.reports == []


@pytest.mark.parametrize(("retry", "seconds"), [(-5, 1.0), (0, 0.0), (10**15, 3600.0)])
def test_senseless_retry_time_is_limited(retry: int, seconds: float) -> None:
    subject = Subject()
    subject.connect(checkpoint(0, retry=retry))
    assert subject.reading.wait_seconds() == seconds


def test_waits_after_failures_in_a_row_grow_with_jitter_and_the_first_is_reported() -> None:
    waits: list[list[float]] = [[] for _ in range(8)]
    for _ in range(300):
        subject = Subject()
        subject.connect(checkpoint(0, retry=2000))
        for of_failure in waits:
            of_failure.append(subject.fail())
        assert subject.reports == ["Cut. Trying again."]
    for of_failure, bound in zip(waits, [2, 4, 8, 16, 30, 30, 30, 30], strict=True):
        assert 2.0 <= min(of_failure) < 2.0 + bound * 0.1
        assert 2.0 + bound * 0.9 < max(of_failure) <= 2.0 + bound


def test_unreachable_server_that_asked_for_no_wait_is_not_asked_without_a_pause() -> None:
    subject = Subject()
    subject.connect(checkpoint(0, retry=0))
    assert sum(subject.fail() for _ in range(20)) > 10


def test_log_that_cannot_be_read_is_a_failure_although_the_stream_begins() -> None:
    subject = Subject({"retry_max_seconds": 60})
    subject.connect(shipped(1), closing("unavailable", "e-1"))
    assert subject.reading.wait_seconds() == 1.0
    waits = []
    for subject.clock.now in (10, 20, 30, 40):
        subject.connect(checkpoint(1), closing("unavailable", "e-1"))
        waits.append(subject.reading.wait_seconds())
    assert min(waits) > 1.0
    assert subject.reports == ["Cut. Trying again for up to 60 seconds."]
    subject.clock.now = 60.5
    subject.connect(checkpoint(1), closing("unavailable", "e-1"))
    with pytest.raises(Unavailable):
        subject.reading.wait_seconds()


def test_success_ends_a_row_of_failures() -> None:
    subject = Subject()
    for _ in range(6):
        subject.fail()
    subject.connect(checkpoint(0, retry=100))
    subject.reading.wait_seconds()
    assert subject.fail() <= 0.2
    assert subject.reports == ["Cut. Trying again."] * 2


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_transient_status_is_a_transient_error_that_keeps_its_wait(status: int) -> None:
    subject = Subject()
    with pytest.raises(TransientError, match="Busy") as raised:
        subject.reading.opened(problem(status, "Busy.", retry_after="7"))
    assert 7.0 <= subject.fail(raised.value) <= 8.0


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [
        ("120", 120, 120),
        ("1e9", 0, 0),
        ("-1", 0, 0),
        ("999999", 3600, 3600),
        ("soon", 0, 0),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", 0, 0),
        ("9" * 400, 3600, 3600),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600, 3600),
    ],
)
def test_retry_after_is_seconds_or_a_date(retry_after: str, least: float, most: float) -> None:
    assert least <= answer(503, retry_after=retry_after).retry_after_seconds <= most


def test_stream_gives_up_after_retry_max_seconds_without_progress() -> None:
    subject = Subject({"retry_max_seconds": 60})
    subject.fail()
    assert subject.reports == ["Cut. Trying again for up to 60 seconds."]
    subject.clock.now = 59.9
    with pytest.raises(Unavailable, match=r"^Cut\.$"):
        subject.fail()


def test_progress_restarts_the_time_until_giving_up() -> None:
    subject = Subject({"retry_max_seconds": 60})
    subject.fail()
    subject.clock.now = 59.0
    subject.connect(checkpoint(0, retry=1000))
    assert subject.reading.wait_seconds() == 1.0
    subject.clock.now = 100.0
    subject.fail()
    with pytest.raises(Unavailable):
        subject.fail(TransientError("Busy.", retry_after_seconds=20))


def test_iterating_again_restarts_the_time_until_giving_up() -> None:
    subject = Subject({"retry_max_seconds": 60})
    subject.clock.now = 61.0
    with pytest.raises(Unavailable):
        subject.fail()
    with subject.reading.following():
        assert subject.fail() <= 2.0


def test_stream_gives_up_if_the_server_asks_for_a_longer_wait() -> None:
    subject = Subject({"retry_max_seconds": 1})
    subject.connect(checkpoint(0, retry=2000))
    with pytest.raises(Unavailable):
        subject.reading.wait_seconds()


def test_a_deprecation_is_told_once_moves_nothing_and_is_not_delivered() -> None:
    subject = Subject()
    told = Frame("stream.deprecation", "a-9", dict(DEPRECATION))
    for _ in range(2):  # each connection brings it
        assert subject.connect(checkpoint(1), told, closing("drain")) == []
        subject.reading.disconnected(CUT)
    assert subject.reading.last_event_id == "e-1"
    assert subject.reading.deprecations == (Deprecation("order.shipped", 1, "2026-12-01", "2027-06-01", 2),)
    assert subject.reports == [
        "Major version 1 of order.shipped is deprecated since 2026-12-01 and ends on 2027-06-01. Change to major version 2."
    ]


def test_a_deprecation_that_does_not_follow_the_contract_is_ignored() -> None:
    subject = Subject()
    wrong = [None, {}, {**DEPRECATION, "majorVersion": "1"}]
    assert subject.connect(*(Frame("stream.deprecation", "", data) for data in wrong)) == []
    assert (subject.reading.deprecations, subject.reports) == ((), [])
    least = {name: DEPRECATION[name] for name in ("eventType", "majorVersion", "deprecatedOn")}
    subject.connect(Frame("stream.deprecation", "", {**least, "sunsetOn": 7, "successor": "2"}))
    assert subject.reports == ["Major version 1 of order.shipped is deprecated since 2026-12-01."]


def test_a_stream_of_a_retired_version_comes_back_once_and_is_refused() -> None:
    subject = Subject()
    subject.connect(checkpoint(1), closing("version_retired"))
    assert not subject.reading.ended
    subject.reading.next_request()
    with pytest.raises(RequestRefused) as refused:
        subject.reading.opened(problem(410, "Retired."))
    assert refused.value.status == 410
