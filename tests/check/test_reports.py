"""A report in each of its formats: for people, programs and continuous integration."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from app.check.findings import Finding, Outcome, Report, Result
from app.check.reports.report_json import report_json
from app.check.reports.report_junit import report_junit
from app.check.reports.report_text import report_text, result_text
from app.check.request import Request, excerpt
from app.check.websocket.socket_exchange import SocketExchange

REQUEST = Request("/events/orders", (("from", "earliest"), ("orderId", "a b")), (("Last-Event-ID", "a-1"),))
FINDING = Finding("Nothing is missing.", "after a-1 came a-3 instead of a-2", REQUEST, ("a-2", "a-3"))
COUNTS = "Orders Events 1.0.0: 1 held, 1 violated, 1 not seen, 1 skipped, 1 could not be checked."
REPORT = Report(
    "http://127.0.0.1:8000",
    "Orders Events 1.0.0",
    7,
    20,
    [
        Result("contract", "It can be read.", Outcome.HELD, 0.5),
        Result("resume", "Nothing is missing.", Outcome.VIOLATED, 1.25, findings=(FINDING,)),
        Result("live", "What arrives is stored.", Outcome.NOT_SEEN, 0, "Nothing was published."),
        Result("heartbeat", "It is not silent.", Outcome.SKIPPED, 0, "It takes long."),
        Result("head", "It ends.", Outcome.UNCHECKED, 0, "No answer."),
    ],
)


def parsed(xml: str) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314  # we wrote it


def test_the_text_has_a_line_for_each_check_and_a_command_for_each_violation() -> None:
    assert report_text(REPORT).splitlines() == [
        "✓ contract            It can be read.",
        "✗ resume              Nothing is missing.",
        "",
        "    promised  Nothing is missing.",
        "    seen      after a-1 came a-3 instead of a-2",
        "    events    a-2, a-3",
        "    try       curl -iN -H 'Last-Event-ID: a-1' 'http://127.0.0.1:8000/events/orders?from=earliest&orderId=a+b'",
        "",
        "\N{EN DASH} live                not seen: Nothing was published.",
        "\N{EN DASH} heartbeat           skipped: It takes long.",
        "! head                could not be checked: No answer.",
        "",
        f"{COUNTS} 20 events of the log were compared; --seed 7 repeats it.",
    ]


def test_the_json_is_as_the_help_describes_it() -> None:
    report = json.loads(report_json(REPORT))
    assert list(report) == ["url", "contract", "outcome", "events", "seed", "checks"]
    assert report["outcome"] == "violated"
    assert [check["outcome"] for check in report["checks"]] == ["held", "violated", "not-seen", "skipped", "unchecked"]
    assert report["checks"][1] == {
        "name": "resume",
        "promise": "Nothing is missing.",
        "outcome": "violated",
        "reason": "",
        "seconds": 1.25,
        "violations": [
            {
                "promised": "Nothing is missing.",
                "seen": "after a-1 came a-3 instead of a-2",
                "ids": ["a-2", "a-3"],
                "curl": "curl -iN -H 'Last-Event-ID: a-1' "
                "'http://127.0.0.1:8000/events/orders?from=earliest&orderId=a+b'",
                "command": "curl -iN -H 'Last-Event-ID: a-1' "
                "'http://127.0.0.1:8000/events/orders?from=earliest&orderId=a+b'",
            }
        ],
    }


def test_the_junit_xml_counts_failures_errors_and_skips() -> None:
    (suite,) = parsed(report_junit(REPORT))
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped", "time")} == {
        "tests": "5",
        "failures": "1",
        "errors": "1",
        "skipped": "2",
        "time": "1.750",
    }
    cases = suite.findall("testcase")
    assert [(case.get("name"), [child.tag for child in case]) for case in cases] == [
        ("contract", []),
        ("resume", ["failure"]),
        ("live", ["skipped"]),
        ("heartbeat", ["skipped"]),
        ("head", ["error"]),
    ]
    failure = cases[1][0]
    assert failure.get("message") == "Nothing is missing."
    assert "after a-1 came a-3 instead of a-2" in (failure.text or "")
    assert "curl -iN" in (failure.text or "")


# What both junit-10.xsd of the xUnit plugin for Jenkins and JUnit.xsd of Windy Road for Ant accept: of each element the attributes, which
# are all required or may be there, and the children in their order.
_ACCEPTED = {
    "testsuites": (set(), ["testsuite"]),
    "testsuite": (
        {"name", "package", "id", "hostname", "timestamp", "tests", "failures", "errors", "skipped", "time"},
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "properties": (set(), ["property"]),
    "property": ({"name", "value"}, []),
    "testcase": ({"classname", "name", "time"}, ["skipped", "error", "failure"]),
    "failure": ({"message", "type"}, []),
    "error": ({"message", "type"}, []),
    "skipped": ({"message"}, []),
    "system-out": (set(), []),
    "system-err": (set(), []),
}


def test_the_junit_xml_is_what_the_widespread_schemas_accept() -> None:
    root = parsed(report_junit(REPORT))
    for element in root.iter():
        attributes, children = _ACCEPTED[element.tag]
        assert set(element.keys()) == attributes, element.tag
        assert [child for child in children if element.find(child) is not None] == list(
            dict.fromkeys(child.tag for child in element)
        )
    (suite,) = root
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp", ""))
    assert all(re.fullmatch(r"\d+\.\d{3}", each.get("time", "")) for each in root.iter() if each.get("time"))
    assert all(len(case) <= 1 for case in suite.findall("testcase"))


def test_characters_that_xml_forbids_are_replaced() -> None:
    bad = Result("head", "It ends.", Outcome.UNCHECKED, 0, 'a\0b\x1bc\ufffe<&>"')
    root = parsed(report_junit(replace(REPORT, results=[bad])))
    assert root[0].findall("testcase")[0][0].get("message") == 'a\ufffdb\ufffdc\ufffd<&>"'


@pytest.mark.parametrize(
    ("outcomes", "whole"),
    [
        ([], Outcome.HELD),
        ([Outcome.HELD, Outcome.NOT_SEEN, Outcome.SKIPPED], Outcome.HELD),
        ([Outcome.HELD, Outcome.UNCHECKED], Outcome.UNCHECKED),
        ([Outcome.UNCHECKED, Outcome.VIOLATED, Outcome.HELD], Outcome.VIOLATED),
    ],
)
def test_the_outcome_of_a_report_is_its_worst_result(outcomes: list[Outcome], whole: Outcome) -> None:
    assert replace(REPORT, results=[Result("x", "x", each, 0) for each in outcomes]).outcome is whole


@pytest.mark.parametrize(
    ("request_", "command"),
    [
        (Request("/a", method="HEAD"), "curl -I http://h/p/a"),
        (Request("/a", method="PATCH"), "curl -iN -X PATCH http://h/p/a"),
        (
            Request("/a", headers=(("Content-Type", "application/json"),), method="POST", body=b'{"a": "it\'s"}'),
            """curl -iN -H 'Content-Type: application/json' --data-binary '{"a": "it'"'"'s"}' http://h/p/a""",
        ),
    ],
)
def test_a_request_is_shown_as_the_command_that_repeats_it(request_: Request, command: str) -> None:
    assert request_.command("http://h/p") == command


def test_violation_over_websocket_is_shown_as_a_command_of_websocat() -> None:
    exchange = SocketExchange("/socket", "v1.json", ('{"type": "ping"}',))
    finding = Finding("A pong.", "nothing", exchange)
    command = """printf '%s\\n' '{"type": "ping"}' | websocat -n --protocol v1.json wss://h/p/socket"""
    assert finding.request.command("https://user:secret@h/p") == command
    (violation,) = json.loads(report_json(with_finding(finding)))["checks"][0]["violations"]
    assert violation["curl"] == ""
    assert "websocat" in violation["command"]
    assert "websocat" in report_junit(with_finding(finding))


def with_finding(finding: Finding) -> Report:
    return replace(REPORT, results=[Result("x", "x", Outcome.VIOLATED, 0, findings=(finding,))])


def test_a_password_in_the_url_is_not_shown() -> None:
    assert "secret" not in result_text(REPORT.results[1], "http://user:secret@127.0.0.1:8000")


def test_text_of_a_server_is_shortened_and_has_no_control_characters() -> None:
    assert excerpt(b"\x1b[2J\n\xff") == "\\x1b[2J\\n\\xff"
    assert excerpt("a" * 200) == "a" * 200
    assert excerpt("a" * 201) == "a" * 200 + "..."
    assert len(excerpt("\0" * 200)) <= 203
