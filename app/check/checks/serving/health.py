"""Checks of what operators ask a server for: its health and its metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from app.check.findings import Finding, NotSeen
from app.check.request import Request, Response, excerpt
from app.check.target.target import Target

# A line of the text format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
_SAMPLE: Final = re.compile(
    r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\.)*",?)*\})? '
    r"([+-]?[0-9.]+([eE][+-]?[0-9]+)?|[+-]?Inf|NaN)( -?[0-9]+)?"
)
_NOT_FOR_US: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


def health(target: Target) -> Iterator[Finding]:
    """A server that answers says that it is live and ready, and so does a HEAD request.

    This check yields a finding for each operation of health that the contract has and that says something else.
    """
    for name, status in (("getLiveness", "live"), ("getReadiness", "ready")):
        path = target.contract.paths.get(name)
        if path is None:
            continue
        response = target.session.fetch(Request(path))
        if response.status != HTTPStatus.OK or _status(response) != status:
            yield Finding(f"A server that answers is {status}.", str(response), response.request)
        head = target.session.fetch(Request(path, method="HEAD"))
        if (head.status, head.body) != (HTTPStatus.OK, b""):
            yield Finding("HEAD is answered like GET, but without a body.", str(head), head.request)


def _status(response: Response) -> object:
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer.get("status") if isinstance(answer, dict) else None


def metrics(target: Target) -> Iterator[Finding]:
    """The metrics are in the text format of Prometheus.

    This check yields a finding for the first line that is not. Raises NotSeen if the contract has no operation getMetrics, or if the
    metrics are served elsewhere, or not to the access token of the check.
    """
    path = target.contract.paths.get("getMetrics")
    if path is None:
        raise NotSeen("The contract has no operation getMetrics.")
    response = target.session.fetch(Request(path))
    if response.status in _NOT_FOR_US:
        raise NotSeen("The metrics are served elsewhere, or need another access token.")
    lines = response.body.decode("utf-8", "replace").splitlines()
    strange = next((line for line in lines if line and line[0] != "#" and not _SAMPLE.fullmatch(line)), None)
    if response.status != HTTPStatus.OK or response.media_type != "text/plain" or not lines or strange is not None:
        seen = str(response) if strange is None else excerpt(strange)
        yield Finding("Metrics are in the text format of Prometheus.", seen, response.request)
