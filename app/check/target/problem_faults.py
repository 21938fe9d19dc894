"""Check whether the server refuses a request as required: with the right status and a problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from app.check.findings import Finding, NoAnswer
from app.check.published_contract import PROBLEM
from app.check.request import Request, Response, excerpt
from app.check.target.target import Target

MAX_BYTES: Final = 2048
_MAX_LISTING_BYTES: Final = 64 * 1024  # of a 422, which lists invalid events


def refused(target: Target, request: Request, status: int, promised: str) -> Iterator[Finding]:
    """Send a request that the server must refuse with the given status; yield a finding for each fault of the response.

    `promised`: the promise in the text of a finding.
    """
    try:
        response = target.session.fetch(request)
    except NoAnswer as silence:  # for example because a stream was opened
        yield Finding(f"{promised}: {status}.", str(silence), request)
    else:
        yield from faults(target, response, status, promised)


def faults(target: Target, response: Response, status: int, promised: str) -> Iterator[Finding]:
    """Yield a finding if a response does not have the given status, or is not a problem document as the contract describes it.

    `promised`: the promise in the text of a finding about the status.
    """
    if response.status != status:
        yield Finding(f"{promised}: {status}.", str(response), response.request)
        return
    seen = _fault(target, response)
    if seen is not None:
        promised = "Every error is a problem document (RFC 9457), as the contract describes it."
        yield Finding(promised, f"{seen}: {response}", response.request)


def _fault(target: Target, response: Response) -> str | None:
    if response.media_type != PROBLEM:
        return f"not {PROBLEM}"
    most = _MAX_LISTING_BYTES if response.status == HTTPStatus.UNPROCESSABLE_ENTITY else MAX_BYTES
    if len(response.body) > most:
        return f"{len(response.body)} bytes and not at most {most}"
    problem = members(response)
    for violation in target.contract.problem.violations(problem, 1)[0]:
        return f"{violation.pointer or 'it'} {violation.message}"
    if problem["status"] != response.status:
        return f"its status member is {excerpt(problem['status'])}"
    return None


def members(response: Response) -> dict[str, Any]:
    """Return the members of the problem document (RFC 9457) in a response; empty if the response is not a JSON object."""
    try:
        problem = response.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
