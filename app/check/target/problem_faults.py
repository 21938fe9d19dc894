"""Judge how a request is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from app.check.findings import Finding, NoAnswer
from app.check.published_contract import PROBLEM
from app.check.request import Answer, Request, shown
from app.check.target.target import Target

MAX_BYTES: Final = 2048
_UNBOUNDED: Final = 422  # it lists every bad event


def refused(target: Target, request: Request, status: int, promised: str) -> Iterator[Finding]:
    """Send a request that must be refused, and find what is wrong with the refusal."""
    try:
        answer = target.connection.fetch(request)
    except NoAnswer as silence:  # such as a stream that follows
        yield Finding(f"{promised}: {status}.", str(silence), request)
    else:
        yield from faults(target, answer, status, promised)


def faults(target: Target, answer: Answer, status: int, promised: str) -> Iterator[Finding]:
    """Compare an answer with the status that it must have and with what the contract says of a problem document."""
    if answer.status != status:
        yield Finding(f"{promised}: {status}.", str(answer), answer.request)
        return
    seen = _fault(target, answer)
    if seen is not None:
        promised = "Every error is a problem document (RFC 9457), as the contract describes it."
        yield Finding(promised, f"{seen}: {answer}", answer.request)


def _fault(target: Target, answer: Answer) -> str | None:
    if answer.media_type != PROBLEM:
        return f"not {PROBLEM}"
    if len(answer.body) > MAX_BYTES and answer.status != _UNBOUNDED:
        return f"{len(answer.body)} bytes and not at most {MAX_BYTES}"
    problem = members(answer)
    for violation in target.contract.problem.violations(problem, 1)[0]:
        return f"{violation.pointer or 'it'} {violation.message}"
    if problem["status"] != answer.status:
        return f"the status in it is {shown(problem['status'])}"
    return None


def members(answer: Answer) -> dict[str, Any]:
    """Read the members of a problem document; empty where it is none."""
    try:
        problem = answer.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
