"""A file is read in batches, in bounded memory, and a pipe as its writer writes."""

from __future__ import annotations

import io
import json
import os
import tracemalloc

import pytest

from app.cli.publishing.event_lines import BATCH_BYTES, CHUNK_BYTES, LINE_BYTES, Batch, read_batches


def batches(content: bytes, batch_size: int = 500) -> list[Batch]:
    return list(read_batches(io.BufferedReader(io.BytesIO(content)), batch_size))


def numbers(read: list[Batch]) -> list[list[int]]:
    return [[line.number for line in batch.lines] for batch in read if batch.lines]


def event(name: object) -> bytes:
    return json.dumps({"eventId": str(name)}).encode()


def test_lines_are_numbered_from_one_and_blank_ones_are_skipped() -> None:
    content = b"\n" + event("a") + b"\r\n \t\n" + event("b") + b"\n\n" + event("c")
    read = batches(content)
    assert numbers(read) == [[2, 4], [6]] or numbers(read) == [[2, 4, 6]]
    events = [line.event for batch in read for line in batch.lines]
    assert events == [{"eventId": "a"}, {"eventId": "b"}, {"eventId": "c"}]


@pytest.mark.parametrize(("batch_size", "expected"), [(1, [[1], [2], [3]]), (2, [[1, 2], [3]]), (3, [[1, 2, 3]])])
def test_batch_has_at_most_so_many_events(batch_size: int, expected: list[list[int]]) -> None:
    assert numbers(batches(b"".join(event(name) + b"\n" for name in "abc"), batch_size)) == expected


def test_every_line_of_a_long_file_is_read_once_in_order() -> None:
    count = 3 * CHUNK_BYTES // len(event(100_000))
    read = batches(b"\n".join(event(100_000 + number) for number in range(count)))
    assert [number for batch in numbers(read) for number in batch] == list(range(1, count + 1))
    assert [line.event["eventId"] for batch in read for line in batch.lines] == [
        str(100_000 + number) for number in range(count)
    ]
    assert max(len(batch.lines) for batch in read) == 500


def test_batch_of_large_events_is_bounded_in_bytes() -> None:
    large = event("x" * 100_000) + b"\n"
    sizes = [sum(len(json.dumps(line.event)) for line in batch.lines) for batch in batches(large * 30)]
    assert sum(sizes) > 29 * 100_000
    assert max(sizes) <= BATCH_BYTES + len(large)


def test_lines_that_are_no_json_are_told_with_their_numbers() -> None:
    read = batches(event("a") + b"\n{nonsense}\n" + event("b") + b"\n\xff\n")
    assert numbers(read) == [[1, 3]]
    assert [line.number for batch in read for line in batch.refused] == [2, 4]


@pytest.mark.parametrize("value", [b"5", b"[]", b"null", b'"text"'])
def test_line_that_is_no_object_is_told(value: bytes) -> None:
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
        read = read_batches(reader, 500)
        writer.write(event("a") + b"\n" + event("b") + b"\n" + event("c")[:5])
        assert numbers([next(read)]) == [[1, 2]]
        writer.write(event("c")[5:] + b"\n")
        assert numbers([next(read)]) == [[3]]
        writer.close()
        assert numbers(list(read)) == []


class EndlessLine(io.RawIOBase):
    """A line of 64 MiB, and a good one after it."""

    def __init__(self) -> None:
        self._chunks = [b"\n", event("after"), b"\n"]
        self._endless = 64 * 1024 * 1024 // CHUNK_BYTES

    def readable(self) -> bool:
        return True

    def read1(self, size: int, /) -> bytes:
        if self._endless:
            self._endless -= 1
            return b"x" * size
        return self._chunks.pop(0) if self._chunks else b""

    def fileno(self) -> int:
        return -1


def test_line_without_end_is_refused_in_bounded_memory() -> None:
    tracemalloc.start()
    try:
        with EndlessLine() as file:
            read = list(read_batches(file, 500))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * LINE_BYTES
    assert [(line.number, line.reason) for batch in read for line in batch.refused] == [
        (1, f"The line is longer than {LINE_BYTES} bytes.")
    ]
    assert numbers(read) == [[2]]
