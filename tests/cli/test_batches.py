"""A file is read in batches, in bounded memory, and a pipe as its writer writes."""

from __future__ import annotations

import itertools
import json
import os
import tracemalloc
from collections.abc import Iterator

import pytest

from app.cli.publishing.batches import BATCH_BYTES, Batch, read_batches
from app.cli.publishing.event_file import CHUNK_BYTES, open_events
from app.cli.publishing.pieces import PIECE_BYTES, Pieces, elements, lines


def chunks(content: bytes, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    return (content[begin : begin + size] for begin in range(0, len(content), size))


def batches(content: bytes, batch_size: int = 500) -> list[Batch]:
    return list(read_batches(lines(chunks(content)), batch_size))


def numbers(read: list[Batch]) -> list[list[int]]:
    return [[line.number for line in batch.events] for batch in read if batch.events]


def event(name: object) -> bytes:
    return json.dumps({"eventId": str(name)}).encode()


def test_lines_are_numbered_from_one_and_blank_ones_are_skipped() -> None:
    content = b"\n" + event("a") + b"\r\n \t\n" + event("b") + b"\n\n" + event("c")
    read = batches(content)
    assert numbers(read) == [[2, 4], [6]] or numbers(read) == [[2, 4, 6]]
    events = [line.event for batch in read for line in batch.events]
    assert events == [{"eventId": "a"}, {"eventId": "b"}, {"eventId": "c"}]


@pytest.mark.parametrize(("batch_size", "expected"), [(1, [[1], [2], [3]]), (2, [[1, 2], [3]]), (3, [[1, 2, 3]])])
def test_batch_has_at_most_so_many_events(batch_size: int, expected: list[list[int]]) -> None:
    assert numbers(batches(b"".join(event(name) + b"\n" for name in "abc"), batch_size)) == expected


def test_every_line_of_a_long_file_is_read_once_in_order() -> None:
    count = 3 * CHUNK_BYTES // len(event(100_000))
    read = batches(b"\n".join(event(100_000 + number) for number in range(count)))
    assert [number for batch in numbers(read) for number in batch] == list(range(1, count + 1))
    assert [line.event["eventId"] for batch in read for line in batch.events] == [
        str(100_000 + number) for number in range(count)
    ]
    assert max(len(batch.events) for batch in read) == 500


def test_batch_of_large_events_is_bounded_in_bytes() -> None:
    large = event("x" * 100_000) + b"\n"
    sizes = [sum(len(json.dumps(line.event)) for line in batch.events) for batch in batches(large * 30)]
    assert sum(sizes) > 29 * 100_000
    assert max(sizes) <= BATCH_BYTES + len(large)


def test_lines_that_are_not_json_are_refused_with_their_numbers() -> None:
    read = batches(event("a") + b"\n{nonsense}\n" + event("b") + b"\n\xff\n")
    assert numbers(read) == [[1, 3]]
    assert [line.number for batch in read for line in batch.refused] == [2, 4]


@pytest.mark.parametrize("value", [b"5", b"[]", b"null", b'"text"'])
def test_line_that_is_not_an_object_is_refused(value: bytes) -> None:
    refused = [line for batch in batches(value) for line in batch.refused]
    assert [(line.number, line.reason[:26]) for line in refused] == [(1, "An event is a JSON object,")]


def test_bytes_read_grow_to_the_size_of_the_file() -> None:
    content = b"".join(event(name) + b"\n" for name in range(1000))
    sizes = [batch.bytes_read for batch in batches(content, 100)]
    assert sizes == sorted(sizes)
    assert sizes[-1] == len(content)


def test_pipe_is_read_as_its_writer_writes() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "wb", buffering=0) as writer:
        writer.write(event("a") + b"\n" + event("b") + b"\n" + event("c")[:5])
        read = read_batches(open_events(reader).pieces, 500)
        assert numbers([next(read)]) == [[1, 2]]
        writer.write(event("c")[5:] + b"\n")
        assert numbers([next(read)]) == [[3]]
        writer.close()
        assert numbers(list(read)) == []


def peak_bytes(pieces: Pieces) -> tuple[list[Batch], int]:
    """Read pieces, and measure the memory that it takes."""
    tracemalloc.start()
    try:
        read = list(read_batches(pieces, 500))
        return read, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def endless(begin: bytes, end: bytes) -> Iterator[bytes]:
    """64 MiB without a separator, and a good event after them."""
    yield begin
    yield from itertools.repeat(b"x" * CHUNK_BYTES, 64 * 1024 * 1024 // CHUNK_BYTES)
    yield end


def test_line_without_end_is_refused_in_bounded_memory() -> None:
    read, peak = peak_bytes(lines(endless(b"", b"\n" + event("after") + b"\n")))
    assert peak < 5 * PIECE_BYTES
    assert [(line.number, line.reason) for batch in read for line in batch.refused] == [
        (1, f"The line is longer than {PIECE_BYTES} bytes.")
    ]
    assert numbers(read) == [[2]]


# Arrays

ARRAYS: dict[str, tuple[bytes, list[int], list[int]]] = {
    "one": (b'[{"eventId": "a"}]', [1], []),
    "none": (b"[]", [], []),
    "none, spread": (b" \n[ \n ]\n", [], []),
    "compact": (b'[{"eventId":"a"},{"eventId":"b"},{"eventId":"c"}]', [1, 2, 3], []),
    "pretty": (b'[\r\n  {\r\n    "eventId": "a"\r\n  },\r\n  {\r\n    "eventId": "b"\r\n  }\r\n]\r\n', [1, 2], []),
    "nested": (b'[{"data": {"items": [1, [2, {"x": []}]]}}, {}]', [1, 2], []),
    "brackets in strings": (rb'[{"eventId": "]}],["}, {"eventId": "\"]\\"}, {"eventId": "\\\\"}]', [1, 2, 3], []),
    "a bad element": (b'[{"a": nonsense}, {"eventId": "b"}]', [2], [1]),
    "elements that are not objects": (b'[5, "text", null, [], {}]', [5], [1, 2, 3, 4]),
    "a comma too many at the end": (b"[{}, {},]", [1, 2], [3]),
    "a comma too many": (b"[{},, {}]", [1, 3], [2]),
    "no end": (b"[{}, {}", [1], [2]),
    "no end, and a string open": (b'[{}, {"a": "', [1], [2]),
    "nothing after a comma": (b"[{},", [1], [2]),
    "text after the end": (b"[{}] {}", [1], [2]),
    "an array after the end": (b"[{}]\n[{}]", [1], [2]),
    "a bracket of the other kind": (b"[{}}, {}]", [1], [2]),
}


@pytest.mark.parametrize("size", [1, 2, 7, CHUNK_BYTES])
@pytest.mark.parametrize(("content", "good", "refused"), ARRAYS.values(), ids=ARRAYS.keys())
def test_array_is_cut_into_its_elements(content: bytes, good: list[int], refused: list[int], size: int) -> None:
    read = list(read_batches(elements(chunks(content, size)), 500))
    assert [each.number for batch in read for each in batch.events] == good
    assert [each.number for batch in read for each in batch.refused] == refused


def test_long_array_is_read_once_in_order_and_in_bounded_memory() -> None:
    count = 4 * CHUNK_BYTES // len(event(100_000))
    content = b"[" + b",".join(event(100_000 + number) for number in range(count)) + b"]"
    read = list(read_batches(elements(chunks(content)), 500))
    assert [each.event["eventId"] for batch in read for each in batch.events] == [
        str(100_000 + number) for number in range(count)
    ]
    assert max(len(batch.events) for batch in read) == 500
    assert read[-1].bytes_read == len(content)


def test_identical_elements_are_events_of_their_own() -> None:
    (batch,) = (batch for batch in read_batches(elements([b'[{"data": 1}, {"data": 1}]']), 500) if batch.events)
    first, second = (each.event["eventId"] for each in batch.events)
    assert first != second


@pytest.mark.parametrize("begin", [b'[{}, {"a": "', b"[{}, "])
def test_element_without_end_is_refused_in_bounded_memory(begin: bytes) -> None:
    read, peak = peak_bytes(elements(endless(begin, b'"}, {}]')))
    assert peak < 5 * PIECE_BYTES
    assert [(each.number, each.reason) for batch in read for each in batch.refused] == [
        (2, f"The element is longer than {PIECE_BYTES} bytes; nothing after it is read.")
    ]
    assert numbers(read) == [[1]]


def test_array_is_read_from_a_pipe_as_its_writer_writes() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "wb", buffering=0) as writer:
        writer.write(b"[" + event("a") + b"," + event("b")[:5])
        read = read_batches(open_events(reader).pieces, 500)
        assert numbers([next(read)]) == [[1]]
        writer.write(event("b")[5:] + b"]")
        assert numbers([next(read)]) == [[2]]
        writer.close()
        assert numbers(list(read)) == []
