"""A check of values that a server must not refuse: those at the bounds of what the contract permits, and all parameters together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from app.check.findings import Finding, NoAnswer
from app.check.request import Pairs, Request
from app.check.target.differences import deleted
from app.check.target.stored_log import StoredLog
from app.check.target.target import Target

_LONGEST_ID: Final = 64
_LONGEST_ORDER: Final = 128
_MOST_ORDERS: Final = 100
_MOST_ON_A_PAGE: Final = 1000  # if the document names no other number

_PERMITTED: Final[tuple[Pairs, ...]] = (
    (("limit", "1000000"),),
    (("lastEventId", "x" * _LONGEST_ID), ("limit", "1")),
    (("orderId", "x" * _LONGEST_ORDER),),
    (("orderId", ",".join(f"or_{number}" for number in range(_MOST_ORDERS))),),
    tuple(("orderId", f"or_{number}") for number in range(_MOST_ORDERS)),
    (("since", "2999-05-01T10:00:00.123456789+14:00"),),
    (("wait", "30"),),
)


def valid_value(target: Target) -> Iterator[Finding]:
    """A value at the bounds of what a parameter's schema permits is not refused, and neither are all parameters together.

    This check yields a finding for each stream and page with such parameters that is not sent.
    """
    log = target.log()
    known = target.contract.parameters
    for parameters in _PERMITTED:
        if {name for name, _ in parameters} <= known.keys():
            yield from _answered(target, log, target.finite(*parameters))
    size: Any = known.get("limit", {}).get("x-page-limit", {}).get("maximum", _MOST_ON_A_PAGE)
    together = tuple(_together(known, log))
    yield from _answered(target, log, target.stream(*together))
    for page in ((("from", "earliest"), ("limit", str(size))), (("follow", "true"),), together):
        yield from _answered(target, log, target.page(*page))


def _together(known: Mapping[str, Mapping[str, Any]], log: StoredLog) -> Iterator[tuple[str, str]]:
    """Yield a value for each parameter that the contract has."""
    last = log.events[-1]
    versions = known.get("majorVersion", {}).get("schema", {}).get("enum", [1])
    values = (
        *(("eventTypes", last.event), ("orderId", "or_1"), ("lastEventId", last.id), ("since", "2024-05-01T10:00:00Z")),
        *(
            ("from", "earliest"),
            ("follow", "false"),
            ("limit", "1"),
            ("wait", "0"),
            ("majorVersion", str(versions[-1])),
        ),
    )
    yield from (each for each in values if each[0] in known)


def _answered(target: Target, log: StoredLog, request: Request) -> Iterator[Finding]:
    promised = "Every combination of values that the contract permits is answered."
    try:
        response = target.session.fetch(request)
    except NoAnswer as silence:
        yield Finding(promised, str(silence), request)
        return
    if response.status == HTTPStatus.GONE and deleted(target, log):
        return  # a page whose start has been deleted
    if response.status not in (HTTPStatus.OK, HTTPStatus.NO_CONTENT):
        yield Finding(promised, str(response), request)
