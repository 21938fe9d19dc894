"""The wire format alone: values in, bytes out."""

from __future__ import annotations

from typing import get_args

import pytest

from app.events.delivery.stream_item import Checkpoint, Closing, ClosingReason, Heartbeat, NextItem, StreamStart
from app.events.event import StoredEvent
from app.events.log.event_store import Page
from app.events.position import Gap, GapReason, Position
from app.transports.http.streaming import sse

SHIPPED = StoredEvent(
    offset=1042,
    epoch="k7f3q2xw",
    event_type="order.shipped",
    schema_version="1.0.0",
    event_id="e-1",
    order_id="or_12345",
    stored_at_us=0,
    data='{"orderId":"or_12345","when":"2024-05-01T10:00:00Z"}',
)
CANCELLED = SHIPPED._replace(offset=1043, event_type="order.cancelled", data='{"orderId":"or_1","reason":"\\u2028"}')
SHIPPED_BYTES = (
    b'id: k7f3q2xw-1042\nevent: order.shipped\ndata: {"orderId":"or_12345","when":"2024-05-01T10:00:00Z"}\n\n'
)
CANCELLED_BYTES = b'id: k7f3q2xw-1043\nevent: order.cancelled\ndata: {"orderId":"or_1","reason":"\\u2028"}\n\n'
HERE = Position("k7f3q2xw", 7)

STEPS: list[tuple[NextItem, bytes]] = [
    (Page([SHIPPED], 1042), SHIPPED_BYTES),
    (Page([SHIPPED, CANCELLED], 1043), SHIPPED_BYTES + CANCELLED_BYTES),
    (Page([SHIPPED._replace(offset=0)], 0), SHIPPED_BYTES.replace(b"-1042", b"-0")),
    (Heartbeat(), b":\n"),
    (Checkpoint(HERE), b"id: k7f3q2xw-7\nevent: stream.checkpoint\ndata: {}\n\n"),
]
REASONS: list[GapReason] = ["expired", "foreign", "ahead"]
CLOSINGS: tuple[ClosingReason, ...] = get_args(ClosingReason)


@pytest.mark.parametrize(("step", "wire"), STEPS)
def test_each_step_is_written_byte_for_byte(step: NextItem, wire: bytes) -> None:
    assert sse.encode(step) == wire


@pytest.mark.parametrize("reason", REASONS)
def test_a_gap_has_the_earliest_position_as_its_id(reason: GapReason) -> None:
    wire = b'id: k7f3q2xw-7\nevent: stream.gap\ndata: {"reason":"%b","requested":"nope","earliest":"k7f3q2xw-7"}\n\n'
    assert sse.encode(Gap(reason, "nope", HERE)) == wire % reason.encode()


@pytest.mark.parametrize("reason", CLOSINGS)
def test_a_closing_has_no_id(reason: ClosingReason) -> None:
    assert sse.encode(Closing(reason)) == b'event: stream.closing\ndata: {"reason":"%b"}\n\n' % reason.encode()


@pytest.mark.parametrize("step", [Checkpoint(HERE), Gap("ahead", "k7f3q2xw-9", HERE), Closing("drain")])
def test_an_opening_is_one_block_of_retry_comment_and_event(step: Checkpoint | Gap | Closing) -> None:
    retry, comment, event = sse.encode_opening(StreamStart(step), 3127).split(b"\n", 2)
    assert retry == b"retry: 3127"
    assert comment.startswith(b":")
    assert event == sse.encode(step)


def test_a_time_that_was_asked_for_is_quoted_as_json() -> None:
    gap = sse.encode(Gap("expired", '2024-05-01T10:00:00+02:00"\n', HERE))
    assert b'"requested":"2024-05-01T10:00:00+02:00\\"\\n"' in gap
    assert gap.count(b"\n") == 4
