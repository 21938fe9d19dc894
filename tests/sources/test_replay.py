"""A recording is checked whole at the start, and published in the order of its times."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from app.events.event import StoredEvent
from app.sources.replay import load_replay, replay
from app.specification.contracts import load_contracts
from app.specification.errors import StartupError
from tests.sources.simulated_time import Recorder, SimulatedTime, open_publisher, stored_events
from tests.support.contract_copy import ContractCopy
from tests.support.order_shipped_2 import add_order_shipped_2


def line(order: str, when: str, **members: object) -> str:
    event = {"eventType": "order.shipped", "data": {"orderId": order, "when": when}, **members}
    return json.dumps(event)


async def replayed(
    path: Path, speed: float = 1.0, *, times: int = 1
) -> tuple[Sequence[StoredEvent], list[tuple[float, int]]]:
    """Replay a file, `times` times; return the log, and the time and size of each publish."""
    time = SimulatedTime()
    async with open_publisher() as (log, publisher):
        recorder = Recorder(time, publisher)
        for _ in range(times):
            recording = load_replay(path, publisher.check)
            await replay(recorder, recording, speed, clock=time.clock, sleep=time.sleep)
        return await stored_events(log), recorder.publishes


async def loaded(path: Path) -> None:
    async with open_publisher() as (_, publisher):
        load_replay(path, publisher.check)


async def test_events_of_both_majors_come_in_the_order_of_their_times(file: Path, tmp_path: Path) -> None:
    copy = ContractCopy(tmp_path / "contract")
    add_order_shipped_2(copy)
    contracts = load_contracts(copy.contracts)
    data = {"shippedAt": "2024-05-01T10:00:01Z", "service": "express"}
    newer = {"eventType": "order.shipped", "schemaVersion": "2.0.0", "data": {"orderId": "second", **data}}
    write(file, [line("third", "2024-05-01T10:00:02Z"), json.dumps(newer), line("first", "2024-05-01T10:00:00Z")])
    async with open_publisher(contract_root=copy.root) as (_, publisher):
        recording = load_replay(file, publisher.check, contracts)
    assert [cast("Any", each.event)["data"]["orderId"] for each in recording] == ["first", "second", "third"]


def orders(stored: Sequence[StoredEvent]) -> list[str]:
    return [json.loads(event.data)["orderId"] for event in stored]


def write(file: Path, lines: Iterable[str]) -> None:
    file.write_text("\n".join(lines))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "orders.ndjson"


async def test_events_come_in_the_order_of_their_instants_whatever_their_offsets(file: Path) -> None:
    lines = [
        line("third", "2024-05-01T10:00:00Z"),
        line("second", "2024-05-01T12:00:00.5+03:00"),
        line("fourth", "2024-05-01T07:00:00.25-03:00"),
        line("first", "2024-05-01T09:00:00Z"),
    ]
    write(file, lines)
    stored, _ = await replayed(file)
    assert orders(stored) == ["first", "second", "third", "fourth"]


async def test_times_are_kept_as_they_are_written(file: Path) -> None:
    times = ["2024-05-01T09:00:00-03:00", "2024-05-01T12:00:00.000Z", "2024-05-01T15:00:00.5+03:00"]
    write(file, (line(f"o{number}", when) for number, when in enumerate(times)))
    stored, _ = await replayed(file)
    assert [json.loads(event.data)["when"] for event in stored] == times


async def test_events_of_one_instant_keep_the_order_of_the_file(file: Path) -> None:
    same_instant = ["2024-05-01T09:00:00-03:00", "2024-05-01T12:00:00Z", "2024-05-01T15:00:00+03:00"]
    write(file, (line(f"o{number}", when) for number, when in enumerate(same_instant)))
    stored, publishes = await replayed(file)
    assert orders(stored) == ["o0", "o1", "o2"]
    assert publishes == [(0.0, 3)]


@pytest.mark.parametrize(("speed", "expected"), [(1.0, [0, 10, 70]), (10.0, [0, 1, 7]), (0.5, [0, 20, 140])])
async def test_speed_is_the_number_of_recorded_seconds_per_second(
    file: Path, speed: float, expected: list[float]
) -> None:
    times = ["2024-05-01T10:00:00Z", "2024-05-01T10:00:10Z", "2024-05-01T10:01:10Z"]
    write(file, (line(f"o{number}", when) for number, when in enumerate(times)))
    _, publishes = await replayed(file, speed)
    assert [at for at, _ in publishes] == pytest.approx(expected)


async def test_replaying_a_file_again_adds_nothing_even_without_event_ids(file: Path) -> None:
    twice_the_same = line("a", "2024-05-01T10:00:00Z")
    lines = [twice_the_same, twice_the_same, line("b", "2024-05-01T10:00:01Z", eventId="b-shipped")]
    write(file, [*lines, ""])
    stored, _ = await replayed(file, speed=1e9, times=2)
    assert orders(stored) == ["a", "a", "b"]


async def test_blank_lines_are_skipped(file: Path) -> None:
    write(file, ["", " \r", f"{line('a', '2024-05-01T10:00:00Z')}\r", "", ""])
    stored, _ = await replayed(file)
    assert orders(stored) == ["a"]


async def test_empty_file_is_an_empty_replay(file: Path) -> None:
    write(file, [])
    assert await replayed(file) == ([], [])


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("{", "The JSON text is malformed at column 2"),
        ("{} {}", "The JSON text is malformed at column 4"),
        ('{"a": 1, "a": 2}', "'a' twice"),
        ('{"eventType": NaN}', "NaN"),
        ("5", ""),
        (line("a", "2024-05-01"), "/data/when"),
        (line("a", "2024-05-01T10:00:00"), "/data/when"),
        (line("a b", "2024-05-01T10:00:00Z"), "/data/orderId"),
        (line("a", "2024-05-01T10:00:00Z", eventType="order.lost"), "/eventType"),
        (line("a", "2024-05-01T10:00:00Z", eventType="stream.gap"), "/eventType"),
        (line("a", "2024-05-01T10:00:00Z", eventId=""), "/eventId"),
        (line("a", "2024-05-01T10:00:00Z", more=1), "more"),
    ],
)
async def test_bad_line_stops_the_start_and_the_message_names_it(file: Path, bad: str, reason: str) -> None:
    good = [line(f"o{number}", "2024-05-01T10:00:00Z") for number in range(700)]
    write(file, [*good, "", bad, *good])
    with pytest.raises(StartupError) as refused:
        await loaded(file)
    assert str(refused.value).startswith(f"{file}, line 702: ")
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_message_names_the_first_bad_line(file: Path) -> None:
    write(file, [line("a", "2024-05-01T10:00:00Z"), line("b", "soon"), line("c d", "later")])
    with pytest.raises(StartupError, match="line 2: "):
        await loaded(file)


def test_lower_case_times_are_accepted(file: Path) -> None:
    write(file, [line("later", "2024-05-01t10:00:00z"), line("sooner", "2024-05-01T09:59:59.9Z")])
    assert [each.seconds for each in load_replay(file, list)] == [1714557599.9, 1714557600.0]


def test_event_without_a_time_stops_the_start(file: Path) -> None:
    file.write_text('{"eventType": "order.noted", "data": {"orderId": "a"}}')
    with pytest.raises(StartupError, match="line 1: /data/when"):
        load_replay(file, list)


def test_time_that_no_calendar_has_stops_the_start(file: Path) -> None:
    file.write_text(line("a", "2016-12-31T23:59:60Z"))
    with pytest.raises(StartupError, match=r"line 1: /data/when: '2016-12-31T23:59:60Z' is no instant"):
        load_replay(file, list)


@pytest.mark.parametrize("name", ["missing.ndjson", "."])
def test_file_that_cannot_be_read_stops_the_start(tmp_path: Path, name: str) -> None:
    with pytest.raises(StartupError, match="Cannot read "):
        load_replay(tmp_path / name, list)
