"""What `tail` shows: lines that fit the terminal, and the summary of `--stats`."""

from __future__ import annotations

import io
import json
import threading

import pytest

from app.cli.output import tail_statistics
from app.cli.output.tail_format import text_line
from app.cli.output.tail_statistics import Statistics, shown_live
from app.client import Gap, OrderEvent
from tests.cli.command import PATIENCE_SECONDS, run
from tests.cli.scripted_server import ScriptedServer, stream

OPENING = "retry: 10\n: hello\nid: e-0\nevent: stream.checkpoint\ndata: {}"
SHIPPED = 'id: e-1\nevent: order.shipped\ndata: {"orderId": "o1"}'
GAP = 'id: f-6\nevent: stream.gap\ndata: {"reason": "expired", "requested": "e-1", "earliest": "f-6"}'
END = 'event: stream.closing\ndata: {"reason": "end"}'
EVENT = OrderEvent(
    "k7f3q2xw-1", "order.shipped", {"orderId": "o1", "when": "2024-05-01T10:00:00Z", "carrier": "Swift", "note": "x"}
)
LOST = Gap("f-6", "expired", "e-1", "f-6")


def plain(text: str, _colour: str) -> str:
    return text


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (None, "2024-05-01T10:00:00Z  order.shipped     o1  carrier=Swift  note=x  k7f3q2xw-1"),
        (200, "2024-05-01T10:00:00Z  order.shipped     o1  carrier=Swift  note=x  k7f3q2xw-1"),
        (66, "2024-05-01T10:00:00Z  order.shipped     o1  carrier=S…  k7f3q2xw-1"),
        (54, "2024-05-01T10:00:00Z  order.shipped     o1  k7f3q2xw-1"),
        (45, "2024-05-01T10:00:00Z  order.shipped     o1"),
        (30, "2024-05-01T10:00:00Z  order.s…"),
        (5, "2024…"),
    ],
)
def test_lines_fit_the_terminal(width: int | None, line: str) -> None:
    assert text_line(EVENT, plain, width) == line


def test_colours_take_no_columns() -> None:
    painted = text_line(EVENT, lambda text, colour: f"<{colour}>{text}</>", 66)
    assert painted.startswith("<dim>2024-05-01T10:00:00Z</>  <")
    assert painted.endswith("o1  carrier=S…  <dim>k7f3q2xw-1</>")


def test_statistics_count_events_gaps_and_rates() -> None:
    now = 0.0
    statistics = Statistics(lambda: now)
    for _ in range(30):
        statistics.add(EVENT)
    statistics.add(LOST)
    now = 5.0
    statistics.add(EVENT)
    assert statistics.live().startswith("31 events  6.2 a second  1 gap  order.")
    now = 14.0  # the first 30 events are more than ten seconds ago
    assert statistics.live().startswith("31 events  0.1 a second  1 gap")
    now = 31.0
    assert statistics.summary().startswith("31 events in 31.0 s  1.0 a second  1 gap")
    assert json.loads(statistics.as_json())["events"] == 31


@pytest.mark.parametrize("form", ["json", "text"])
def test_stats_print_a_summary_and_no_events(form: str) -> None:
    with ScriptedServer(stream(OPENING, SHIPPED, GAP, END)) as server:
        ran = run("tail", "--url", server.url, "--stats", "--format", form)
    assert ran.code == 0
    assert len(ran.errors) == 1  # the gap
    (line,) = ran.out.splitlines()
    if form == "json":
        summary = json.loads(line)
        assert summary.pop("seconds") >= 0
        assert summary == {"events": 1, "gaps": 1, "eventTypes": {"order.shipped": 1}}
    else:
        assert line.startswith("1 events in ")
        assert line.endswith(" a second  1 gap  order.shipped 1")


class Terminal(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Event()

    def isatty(self) -> bool:
        return True

    def flush(self) -> None:
        self.written.set()


def test_statistics_are_shown_live_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_statistics, "_SHOWN_SECONDS", 0.01)
    statistics, terminal = Statistics(), Terminal()
    statistics.add(EVENT)
    with shown_live(statistics, terminal):
        assert terminal.written.wait(PATIENCE_SECONDS)
    shown = terminal.getvalue().split("\r\x1b[K")
    assert shown[1].startswith("1 events")
    assert shown[-1] == ""


def test_statistics_are_not_shown_live_without_a_terminal() -> None:
    output = io.StringIO()
    with shown_live(Statistics(), output) as clear:
        clear()
    assert output.getvalue() == ""


def test_order_is_a_short_name_of_order_id() -> None:
    with ScriptedServer(stream(OPENING, END)) as server:
        assert run("tail", "--url", server.url, "--order", "o1,o2").code == 0
        (asked,) = server.asked
    assert asked.parameters == [("orderId", "o1,o2")]
