"""The benchmark's load driver finds the faults of a server: a figure counts only if every event came once, in order."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.benchmark.programs import NoCompilerError, compile_program

EVENTS = 8
SUBSCRIBERS = 3

Frame = tuple[str, str]  # id and data
Fault = Callable[[list[Frame]], list[Frame]]


def in_order(frames: list[Frame]) -> list[Frame]:
    return frames


def chunked(text: bytes) -> list[bytes]:
    return [b"%x\r\n%b\r\n" % (len(text), text)]


def whole(text: bytes) -> list[bytes]:
    return [text]


def chunk_by_chunk(text: bytes) -> list[bytes]:
    return [b"1;name=value\r\n%b\r\n" % text[at : at + 1] for at in range(len(text))]


def byte_by_byte(text: bytes) -> list[bytes]:
    return [chunked(text)[0][at : at + 1] for at in range(len(chunked(text)[0]))]


@dataclass
class FaultyServer:
    """A server that sends each published line to every subscriber as an event, but to the first one with a fault.

    A replay sends the stored events, with the same fault, and ends.
    """

    fault: Fault = in_order
    write: Callable[[bytes], list[bytes]] = chunked
    newline: str = "\n"
    stream_status: str = "200 OK"
    publish_status: str = "204 No Content"
    cuts_after: int = 1_000_000  # events published
    answers_after: int = 0  # the number of replays for which a publisher waits
    replays: int = 0
    replayed_enough: asyncio.Event = field(default_factory=asyncio.Event)
    subscribers: list[asyncio.StreamWriter] = field(default_factory=list)
    published: int = 0
    stored: list[Frame] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if head.startswith(b"GET /replay"):
                    await self.replay(writer)
                elif head.startswith(b"GET"):
                    self.subscribe(writer)
                else:
                    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                    await self.publish((await reader.readexactly(length)).decode().split("\n"))
                    writer.write(f"HTTP/1.1 {self.publish_status}\r\nContent-Length: 0\r\n\r\n".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def subscribe(self, writer: asyncio.StreamWriter) -> None:
        self.begin(writer)
        self.subscribers.append(writer)

    async def replay(self, writer: asyncio.StreamWriter) -> None:
        self.begin(writer)
        for frame in self.fault(self.stored):
            await self.send(writer, frame)
        writer.write(b"0\r\n\r\n")
        self.replays += 1
        if self.replays >= self.answers_after:
            self.replayed_enough.set()

    def begin(self, writer: asyncio.StreamWriter) -> None:
        coding = "" if self.write is whole else "Transfer-Encoding: chunked\r\n"
        writer.write(f"HTTP/1.1 {self.stream_status}\r\nContent-Type: text/event-stream\r\n{coding}\r\n".encode())

    async def publish(self, lines: Sequence[str]) -> None:
        frames = [(f"e-{self.published + number + 1}", line) for number, line in enumerate(lines)]
        self.published += len(lines)
        for writer in self.subscribers:
            for frame in self.fault(frames) if writer is self.subscribers[0] else frames:
                await self.send(writer, frame)
        if self.published >= self.cuts_after:
            self.subscribers[0].close()
        if self.answers_after:
            await self.replayed_enough.wait()

    async def send(self, writer: asyncio.StreamWriter, frame: Frame) -> None:
        lines = (f"id: {frame[0]}" if frame[0] else ": no id", "event: order.shipped", f"data: {frame[1]}", "", "")
        for piece in self.write(self.newline.join(lines).encode()):
            writer.write(piece)
            await asyncio.sleep(0)


@dataclass(frozen=True)
class Outcome:
    status: int
    report: dict[str, Any]
    faults: dict[str, int]
    error: str


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled driver; without a compiler these tests are skipped, or fail in CI."""
    try:
        return compile_program("driver", tmp_path_factory.mktemp("benchmark"))
    except NoCompilerError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


def lockstep(*more: str) -> list[str]:
    size = ["--events", str(EVENTS), "--burst", str(EVENTS), "--batch", str(EVENTS), "--subscribers", str(SUBSCRIBERS)]
    return ["--mode", "lockstep", "--ids", "ordered", "--publish-path", "/publish", *size, *more]


def run(driver: Path, server: FaultyServer, options: Sequence[str], *, stalls: bool = False) -> Outcome:
    """Run the driver against a server. `stalls`: the driver gives up soon, because some events will not come."""
    return asyncio.run(_run(driver, server, ["--stall-seconds", "2" if stalls else "50", *options]))


async def _run(driver: Path, server: FaultyServer, options: Sequence[str]) -> Outcome:
    listener = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    command = [str(driver), "--port", str(port), "--settle-seconds", "0.05", *options]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    output, error = await asyncio.wait_for(process.communicate(), 120)
    for writer in server.subscribers:
        writer.close()
    listener.close()
    report = json.loads(output) if output else {}
    faults = {name: count for name, count in report["subscribers"]["faults"].items() if count} if report else {}
    return Outcome(process.returncode or 0, report, faults, error.decode())


@pytest.mark.parametrize("write", [chunked, whole, chunk_by_chunk, byte_by_byte])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_events_are_counted_in_every_chunking(
    driver: Path, write: Callable[[bytes], list[bytes]], newline: str
) -> None:
    outcome = run(driver, FaultyServer(write=write, newline=newline), lockstep())
    assert (outcome.status, outcome.faults) == (0, {})
    assert outcome.report["deliveries"] == EVENTS * SUBSCRIBERS
    assert outcome.report["subscribers"]["latency"]["count"] == EVENTS * SUBSCRIBERS


def drop(*places: int) -> Fault:
    return lambda frames: [frame for place, frame in enumerate(frames) if place not in places]


def rewritten(place: int, frame: Callable[[list[Frame]], Frame]) -> Fault:
    return lambda frames: [*frames[:place], frame(frames), *frames[place + 1 :]]


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (drop(0), {"missing": 1}),
        (drop(3, 4, 6), {"missing": 3}),
        (drop(7), {"missing": 1}),
        (drop(*range(EVENTS)), {"missing": EVENTS}),
        (lambda frames: [*frames, frames[7]], {"duplicated": 1, "id_disordered": 1}),
        (lambda frames: [*frames, *frames], {"duplicated": EVENTS, "id_disordered": 1}),
        (lambda frames: [frames[1], frames[0], *frames[2:]], {"disordered": 1, "id_disordered": 1}),
        (lambda frames: frames[::-1], {"disordered": EVENTS - 1, "id_disordered": EVENTS - 1}),
        (rewritten(2, lambda frames: ("", frames[2][1])), {"id_missing": 1}),
        (rewritten(7, lambda frames: ("e-99", frames[7][1])), {"id_changed": 2}),
        (rewritten(7, lambda frames: (frames[6][0], frames[7][1])), {"id_changed": 2, "id_shared": 1, "id_disordered": 1}),
        (lambda frames: [*frames, ("e-9", frames[0][1].replace("bench.00", "bench.90"))], {"foreign": 1}),
    ],
)  # fmt: skip
def test_a_fault_on_one_connection_is_found_and_named(driver: Path, fault: Fault, found: dict[str, int]) -> None:
    outcome = run(driver, FaultyServer(fault), lockstep(), stalls="missing" in found)
    assert (outcome.status, outcome.faults) == (1, found)


def test_digits_in_ids_are_compared_as_numbers(driver: Path) -> None:
    two_digits = run(driver, FaultyServer(), lockstep("--events", "20", "--burst", "4", "--batch", "4"))
    assert (two_digits.status, two_digits.faults) == (0, {})


def test_a_stream_that_the_server_ends_is_a_fault(driver: Path) -> None:
    outcome = run(driver, FaultyServer(cuts_after=EVENTS), lockstep("--events", str(2 * EVENTS)), stalls=True)
    assert outcome.status == 1
    assert outcome.report["stalled"]
    assert outcome.faults == {"missing": EVENTS, "cut": 1}


def stored(sequences: Sequence[int]) -> list[Frame]:
    return [(f"e-{place}", f"bench.{sequence:010}.{0:020}") for place, sequence in enumerate(sequences, start=1)]


@pytest.mark.parametrize(
    ("sequences", "found"),
    [
        (range(8), {}),
        (range(7), {"missing": 1}),
        ([0, 1, 2, 4, 5, 6, 7], {"missing": 1}),
        ([1, 0, *range(2, 8)], {"disordered": 1}),
        ([*range(8), 7], {"duplicated": 1, "id_changed": 1}),
        (range(9), {"foreign": 1}),
    ],
)
def test_a_stored_event_is_read_once_and_in_order(
    driver: Path, sequences: Sequence[int], found: dict[str, int]
) -> None:
    options = ["--mode", "read", "--subscribers", "1", "--events", "8", "--path", "/replay", "--ids", "ordered"]
    outcome = run(driver, FaultyServer(stored=stored(sequences)), options)
    assert (outcome.status, outcome.faults) == (1 if found else 0, found)


@pytest.mark.parametrize(("sequences", "status"), [(range(20), 0), ([*range(9), *range(10, 20)], 1), (range(19), 1)])
def test_replays_beside_live_subscribers_go_on_and_are_checked(
    driver: Path, sequences: Sequence[int], status: int
) -> None:
    rate = ["--mode", "rate", "--rate", "50", "--seconds", "0.5", "--subscribers", "1", "--publish-path", "/publish"]
    replays = ["--replayers", "2", "--replayer-path", "/replay", "--history", "20"]
    outcome = run(driver, FaultyServer(stored=stored(sequences), answers_after=4), [*rate, *replays])
    replayers = outcome.report["replayers"]
    assert outcome.status == status
    assert replayers["replays"] > 2
    assert (replayers["faults"]["missing"] >= replayers["replays"]) == bool(status)
    assert (outcome.report["deliveries"], outcome.faults) == (25, {})


def test_an_order_s_events_are_foreign_to_the_subscribers_of_others(driver: Path) -> None:
    outcome = run(driver, FaultyServer(), lockstep("--spread"))
    assert outcome.status == 1
    assert outcome.faults["foreign"] == EVENTS * (SUBSCRIBERS - 1)


def test_a_steady_rate_publishes_what_is_due(driver: Path) -> None:
    rate = ["--mode", "rate", "--rate", "100", "--seconds", "0.3", "--subscribers", "2", "--publish-path", "/publish"]
    outcome = run(driver, FaultyServer(), rate)
    assert (outcome.status, outcome.report["events"], outcome.report["deliveries"]) == (0, 30, 60)


@pytest.mark.parametrize(
    ("server", "sentence"),
    [
        (FaultyServer(stream_status="503 Service Unavailable"), "3 were refused (status 503)."),
        (FaultyServer(publish_status="422 Unprocessable Content"), "Publishing was answered with 422"),
    ],
)
def test_driver_that_cannot_measure_ends_with_a_sentence(driver: Path, server: FaultyServer, sentence: str) -> None:
    outcome = run(driver, server, lockstep())
    assert outcome.status == 2
    assert sentence in outcome.error


def test_a_stream_that_should_begin_with_an_event_is_not_ready_without_it(driver: Path) -> None:
    outcome = run(driver, FaultyServer(), lockstep("--ready-by-event", "--connect-seconds", "0.2"))
    assert (outcome.status, "Only 0 of 3" in outcome.error) == (2, True)


@pytest.mark.parametrize("options", [["--mode", "rate"], ["--mode", "nonsense"], ["--port", "x"], ["--rounds"], ["x"]])
def test_a_wrong_option_is_refused_in_one_line(driver: Path, options: list[str]) -> None:
    outcome = run(driver, FaultyServer(), options)
    assert outcome.status == 2
    assert len(outcome.error.splitlines()) == 1
