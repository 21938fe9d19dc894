"""The translation of every error into an `application/problem+json` response (RFC 9457). No other module does this.

The contract's `components.examples` define the type, the title and the status of each problem. The tables in this file assign a problem
to each error.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp

from app.access.errors import (
    Forbidden,
    InsufficientScope,
    LimitReached,
    Overloaded,
    TokenExpired,
    TooManyRequests,
    Unauthenticated,
)
from app.events.errors import Draining, EventIdConflict, NotPermitted, PositionLost, StoreUnavailable
from app.metrics.tally import Tally
from app.specification.deprecated_majors import VersionRetired
from app.specification.document import OpenApiDocument
from app.specification.errors import ContractViolation, MalformedJson, TooManyValues, UnknownEventType
from app.transports.http.compressed_bodies import NO_SNIFFING, Bodies
from app.transports.http.middleware.served_hosts import MisdirectedRequest
from app.transports.http.observing.access_log import described
from app.transports.http.requests.json_bodies import ContentTooLarge, UnsupportedMediaType
from app.transports.http.requests.negotiation import NotAcceptable
from app.transports.http.requests.parameters import InvalidParameters
from app.transports.http.upgrade import UPGRADE, UpgradeRequired
from app.transports.websocket.errors import (
    AnotherSubject,
    InvalidMessage,
    OriginNotAllowed,
    SubscriptionInUse,
    UpgradeUnavailable,
)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 2  # if the server is about to stop, or cannot use the log

_log = logging.getLogger(__name__)


_OF_ERROR: Mapping[type[Exception], str] = {
    Unauthenticated: "unauthenticated",
    TokenExpired: "unauthenticated",
    Forbidden: "forbidden",
    NotPermitted: "forbidden",
    InsufficientScope: "forbidden",
    AnotherSubject: "forbidden",
    InvalidParameters: "invalid-parameter",
    MalformedJson: "malformed-body",
    TooManyValues: "content-too-large",
    UnknownEventType: "not-found",
    NotAcceptable: "not-acceptable",
    EventIdConflict: "event-id-conflict",
    PositionLost: "position-lost",
    VersionRetired: "version-retired",
    ContentTooLarge: "content-too-large",
    UnsupportedMediaType: "unsupported-media-type",
    ContractViolation: "contract-violation",
    MisdirectedRequest: "misdirected-request",
    UpgradeRequired: "upgrade-required",
    UpgradeUnavailable: "unavailable",
    OriginNotAllowed: "origin-not-allowed",
    InvalidMessage: "invalid-message",
    SubscriptionInUse: "subscription-in-use",
    TooManyRequests: "too-many-requests",
    Overloaded: "overloaded",
    StoreUnavailable: "unavailable",
    Draining: "unavailable",
}
_OF_STATUS: Mapping[int, tuple[str, str]] = {
    400: ("invalid-parameter", "The request is not as the contract says."),
    404: ("not-found", "The contract has no such path; see /openapi.json."),
    405: (
        "method-not-allowed",
        "The contract has no such operation on this path; the Allow header names those it has.",
    ),
    415: ("unsupported-media-type", str(UnsupportedMediaType())),
}
_EXTENSIONS: Mapping[type[Exception], Callable[[Any], dict[str, object]]] = {
    InvalidParameters: lambda error: {
        "errors": [{"in": each.location, "name": each.name, "message": each.message} for each in error.violations]
    },
    InvalidMessage: lambda error: {
        "errors": [{"in": "message", "name": name, "message": message} for name, message in error.violations]
    },
    ContractViolation: lambda error: {
        "violations": [
            {"index": each.index, "pointer": each.pointer, "message": each.message} for each in error.violations
        ],
        "total": error.total,
    },
    NotPermitted: lambda error: {"index": error.index},
    EventIdConflict: lambda error: {"index": error.index, "eventId": error.event_id},
    TooManyRequests: lambda error: {"retryAfter": error.retry_after_seconds},
    Overloaded: lambda error: {"retryAfter": error.retry_after_seconds},
    PositionLost: lambda error: {
        "reason": error.gap.reason,
        "requested": error.gap.requested,
        "earliest": str(error.gap.earliest),
    },
}
SLUGS: Final = frozenset({*_OF_ERROR.values(), *(slug for slug, _ in _OF_STATUS.values()), "internal-error"})


class Problems:
    """The rendering of errors as problem documents.

    `document`: the contract. `bodies`: makes the responses. `tally`: counts the responses by problem. `challenge`: the header
    `WWW-Authenticate` of a 401; it is the same for every token, as its body is.
    """

    def __init__(self, document: OpenApiDocument, bodies: Bodies, tally: Tally, challenge: str) -> None:
        self._document = document
        self._bodies = bodies
        self._tally = tally
        tally.refusals.update(dict.fromkeys(SLUGS, 0))
        self._challenge = challenge

    def render(self, request: Request, error: Exception) -> ASGIApp:
        """Translate an error into a response. An unexpected error is logged, and the response shows nothing of it."""
        slug, detail = _classify(error)
        members = self._members(slug, detail, error, described(request.scope))
        body = json.dumps(members, separators=(",", ":"))
        status, headers = self._document.problems[slug].status, self._headers(slug, error, request)
        return self._bodies.response(body, status, headers, media_type=MEDIA_TYPE)

    def members(self, error: Exception, subject: Mapping[str, object]) -> dict[str, object]:
        """Translate an error into the members of a problem document. An unexpected error is logged, and they show nothing of it.

        `subject`: what has failed, as fields for the log.
        """
        return self._members(*_classify(error), error, subject)

    def _members(self, slug: str, detail: str, error: Exception, subject: Mapping[str, object]) -> dict[str, object]:
        if slug == "internal-error":
            _log.error("A request failed.", exc_info=error, extra={"fields": subject})
            self._tally.refusals[slug] += 1
        else:
            self._tally.refuse(slug, subject)
        problem = self._document.problems[slug]
        extensions = _EXTENSIONS.get(type(error), lambda _: {})(error)
        return {
            "type": problem.type,
            "title": problem.title,
            "status": problem.status,
            "detail": detail,
            **extensions,
        }

    def _headers(self, slug: str, error: Exception, request: Request) -> dict[str, str]:
        headers = {"Cache-Control": "no-store", **NO_SNIFFING}
        if slug == "unavailable":
            headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        if isinstance(error, LimitReached):
            headers["Retry-After"] = str(error.retry_after_seconds)
        if slug == "unauthenticated":
            headers["WWW-Authenticate"] = self._challenge
        if slug == "method-not-allowed":
            headers["Allow"] = ", ".join(self._document.allowed_methods(request.url.path))
        if slug == "upgrade-required":
            headers |= UPGRADE
        return headers


def _classify(error: Exception) -> tuple[str, str]:
    slug = _OF_ERROR.get(type(error))
    if slug is not None:
        return slug, str(error)
    if isinstance(error, HTTPException) and error.status_code in _OF_STATUS:
        return _OF_STATUS[error.status_code]
    return "internal-error", "The server failed to answer; the cause is in its log."
