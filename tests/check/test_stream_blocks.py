"""Blocks agree with a decoder on the frames of a stream, and keep the parts that a decoder drops."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import httpx
import pytest
from httpx_sse import EventSource

from app.check.http.stream_blocks import Block, OrderEvent, Splitter, order_event

STREAM = (
    b"retry: 3000\n: a comment\nid: a-1\nevent: stream.checkpoint\ndata: {}\n\n"
    b":\n"
    b'id: a-2\nevent: order.shipped\ndata: {"orderId":"or_1"}\n\n'
    b":\n:\n"
    b'id: a-3\nevent: order.cancelled\ndata: {"orderId":\ndata: "or_2"}\n\n'
    b'event: stream.closing\ndata: {"reason":"end"}\n\n'
)


def blocks(*chunks: bytes) -> list[Block]:
    splitter = Splitter()
    return [block for chunk in chunks for block in splitter.feed(chunk)]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_blocks_are_the_same_as_a_decoders_however_the_bytes_are_split(line_end: bytes) -> None:
    stream = STREAM.replace(b"\n", line_end)
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=stream)
    decoded = [(frame.event, frame.data) for frame in EventSource(response).iter_sse()]
    random = Random(7)
    for _ in range(200):
        cuts = [0, *sorted(random.sample(range(1, len(stream)), k=random.randint(0, 20))), len(stream)]
        chunks = [stream[start:end] for start, end in pairwise(cuts)]
        # A last "\r" may be half of a line end; the next byte decides.
        assert [(block.event, block.data) for block in blocks(*chunks, b":")] == decoded


def test_a_block_without_an_id_does_not_have_the_id_of_an_earlier_block() -> None:
    assert [block.id for block in blocks(STREAM)] == ["a-1", "a-2", "a-3", None]


def test_comments_between_blank_lines_are_a_block_without_data() -> None:
    (block,) = blocks(b":\n\n")
    assert block.values("data") == []


def test_only_one_space_is_removed_before_the_value_of_a_field() -> None:
    (block,) = blocks(b"data:x\ndata:  y\ndata\n\n")
    assert block.values("data") == [b"x", b" y", b""]


def test_only_frames_that_have_data_and_are_not_control_events_are_order_events() -> None:
    assert [order_event(block) for block in blocks(STREAM, b"event: order.shipped\n\n")] == [
        None,
        OrderEvent("a-2", "order.shipped", '{"orderId":"or_1"}'),
        OrderEvent("a-3", "order.cancelled", '{"orderId":\n"or_2"}'),
        None,
        None,
    ]


@pytest.mark.parametrize("data", [b"[1]", b"{", b'"reason"', b""])
def test_data_that_is_not_an_object_has_no_member(data: bytes) -> None:
    (block,) = blocks(b"data: " + data + b"\n\n")
    assert block.member("reason") is None
