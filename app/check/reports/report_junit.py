"""Write the results of `orders-events check` as JUnit XML, which continuous integration servers can read.

The structure is one that both widespread schemas accept: junit-10.xsd of the xUnit plugin for Jenkins, and JUnit.xsd of Windy Road for Ant.
https://github.com/jenkinsci/xunit-plugin, https://github.com/windyroad/JUnit-Schema
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

from app.check.findings import Finding, Outcome, Report, Result

_NO_XML: Final = re.compile(
    "[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # https://www.w3.org/TR/xml/#charsets


def report_junit(report: Report) -> str:
    """Return the results of a run as JUnit XML.

    A broken promise becomes a `failure` element. A check that failed for another reason becomes an `error` element. A check that
    was skipped, or that observed nothing, becomes a `skipped` element.
    """
    outcomes = Counter(result.outcome for result in report.results)
    totals = {
        "tests": str(len(report.results)),
        "failures": str(outcomes[Outcome.VIOLATED]),
        "errors": str(outcomes[Outcome.UNCHECKED]),
        "skipped": str(outcomes[Outcome.SKIPPED] + outcomes[Outcome.NOT_SEEN]),
        "time": f"{sum(result.seconds for result in report.results):.3f}",
    }
    about = {
        "name": f"orders-events {report.command}",
        "package": "orders-events",
        "id": "0",
        "hostname": "localhost",
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
    }
    root = ET.Element("testsuites")  # without attributes: one schema knows none of them, the other one not `skipped`
    suite = ET.SubElement(root, "testsuite", {**about, **totals})
    properties = ET.SubElement(suite, "properties")
    for name, value in (("contract", report.contract), ("url", report.url), ("seed", str(report.seed))):
        ET.SubElement(properties, "property", {"name": name, "value": _text(value)})
    for result in report.results:
        _testcase(suite, result, report)
    ET.SubElement(suite, "system-out")
    ET.SubElement(suite, "system-err")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _testcase(suite: ET.Element, result: Result, report: Report) -> None:
    about = {"classname": f"orders-events.{report.command}", "name": result.name, "time": f"{result.seconds:.3f}"}
    case = ET.SubElement(suite, "testcase", about)
    match result.outcome:
        case Outcome.VIOLATED:
            failure = ET.SubElement(case, "failure", {"message": _text(result.promise), "type": "violation"})
            failure.text = _text("\n\n".join(_violation(finding, report.url) for finding in result.findings))
        case Outcome.UNCHECKED:
            ET.SubElement(case, "error", {"message": _text(result.reason), "type": "unchecked"})
        case Outcome.NOT_SEEN | Outcome.SKIPPED:
            ET.SubElement(case, "skipped", {"message": _text(result.reason)})


def _violation(finding: Finding, url: str) -> str:
    return f"promised: {finding.promised}\nseen: {finding.seen}\nevents: {', '.join(finding.ids)}\n{finding.request.command(url)}"


def _text(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
