"""The results of a rehearsal as a report, which is written in the forms that `orders-events check` has, and as text for people."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from typing import Final

from app.check.findings import Outcome, Report
from app.check.reports.report_text import result_text
from app.rehearse.rehearsal import Options, Rehearsed

NO_REPORTS: Final = (
    'Nothing was reported, so what the consumer applied was not judged: let it POST {"id": ID} to $ORDERS_EVENTS_REPORT_URL after each '
    'event, and {"gap": REASON} after a gap.'
)


def as_report(rehearsed: Sequence[Rehearsed], options: Options) -> Report:
    """Return the results of all scenarios. In place of a URL, the report has the command of the consumer."""
    results = [each.result for each in rehearsed]
    events = sum(each.events for each in rehearsed)
    return Report(shlex.join(options.command), "Scenarios", options.seed, events, results, "rehearse")


def rehearsed_text(rehearsed: Rehearsed) -> str:
    """Return the result of one scenario as text, with what the consumer printed last if something was found."""
    text = result_text(rehearsed.result, "")
    if rehearsed.result.outcome is Outcome.HELD or not rehearsed.output:
        return text
    lines = [f"    │ {line}" for line in rehearsed.output]
    return "\n".join([text, "    The consumer printed last:", *lines, ""])


def rehearsal_summary(rehearsed: Sequence[Rehearsed], seed: int) -> str:
    """Return the last lines of the text: how many scenarios were passed, and what was not judged."""
    outcomes = Counter(each.result.outcome for each in rehearsed)
    passed, failed = outcomes[Outcome.HELD], outcomes[Outcome.VIOLATED]
    summary = f"{passed} scenarios passed, {failed} failed; --seed {seed} repeats them."
    return summary if any(each.reported for each in rehearsed) else f"{summary}\n{NO_REPORTS}"


def whole_text(rehearsed: Sequence[Rehearsed], seed: int) -> str:
    """Return the results of a whole rehearsal as text."""
    return "\n".join([*map(rehearsed_text, rehearsed), "", rehearsal_summary(rehearsed, seed)])
