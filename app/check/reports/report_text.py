"""Write the results of `orders-events check` for people: one line for each check, then its violations with a curl command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from app.check.findings import Finding, Outcome, Report, Result

NAME_WIDTH: Final = 19
_SYMBOLS: Final = {
    Outcome.HELD: "✓",
    Outcome.VIOLATED: "✗",
    Outcome.NOT_SEEN: "\N{EN DASH}",
    Outcome.SKIPPED: "\N{EN DASH}",
    Outcome.UNCHECKED: "!",
}
_WORDS: Final = {
    Outcome.HELD: "held",
    Outcome.VIOLATED: "violated",
    Outcome.NOT_SEEN: "not seen",
    Outcome.SKIPPED: "skipped",
    Outcome.UNCHECKED: "could not be checked",
}


def result_text(result: Result, url: str) -> str:
    """Return the result of one check as text, with its violations."""
    text = f"{_WORDS[result.outcome]}: {result.reason}" if result.reason else result.promise
    lines = [f"{_SYMBOLS[result.outcome]} {result.name:{NAME_WIDTH}} {text}"]
    for finding in result.findings:
        lines += ["", *_finding(finding, url)]
    return "\n".join([*lines, ""] if result.findings else lines)


def _finding(finding: Finding, url: str) -> Iterator[str]:
    yield f"    promised  {finding.promised}"
    yield f"    seen      {finding.seen}"
    if finding.ids:
        yield f"    events    {', '.join(finding.ids)}"
    yield f"    try       {finding.request.command(url)}"


def summary_text(report: Report) -> str:
    """Return the last line of the text report: how many checks had which outcome."""
    outcomes = Counter(result.outcome for result in report.results)
    counts = ", ".join(f"{outcomes[outcome]} {word}" for outcome, word in _WORDS.items() if outcomes[outcome])
    if not report.contract:
        return f"{counts}."
    return f"{report.contract}: {counts}. {report.events} events of the log were compared; --seed {report.seed} repeats it."


def report_text(report: Report) -> str:
    """Return the results of a whole run as text."""
    return "\n".join([*(result_text(result, report.url) for result in report.results), "", summary_text(report)])
