"""Write the results of `orders-events check` as JUnit XML, which continuous integration servers can read."""

from __future__ import annotations

import re
from collections import Counter
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
    root = ET.Element("testsuites", {"name": f"orders-events {report.command}", **totals})
    suite = ET.SubElement(root, "testsuite", {"name": f"{report.contract} at {report.url}".strip(), **totals})
    for result in report.results:
        _testcase(suite, result, report)
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
