"""Write the results of `orders-events check` as JSON, for programs."""

from __future__ import annotations

import json
from typing import Any

from app.check.findings import Finding, Report, Result
from app.check.request import Request


def report_json(report: Report) -> str:
    """Return the results of a run as JSON text. Later versions may add members; the meaning of a member never changes."""
    written = {
        "url": report.url,
        "contract": report.contract,
        "outcome": report.outcome,
        "events": report.events,
        "seed": report.seed,
        "checks": [_check(result, report.url) for result in report.results],
    }
    return json.dumps(written, indent=2)


def _check(result: Result, url: str) -> dict[str, Any]:
    return {
        "name": result.name,
        "promise": result.promise,
        "outcome": result.outcome,
        "reason": result.reason,
        "seconds": round(result.seconds, 3),
        "violations": [_violation(each, url) for each in result.findings],
    }


def _violation(finding: Finding, url: str) -> dict[str, Any]:
    command = finding.request.command(url)
    return {
        "promised": finding.promised,
        "seen": finding.seen,
        "ids": list(finding.ids),
        "curl": command if isinstance(finding.request, Request) else "",
        "command": command,
    }
