"""Access by web pages of other origins (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol)."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

_REQUEST_HEADERS = ("Accept", "Authorization", "Cache-Control", "Content-Type", "Last-Event-ID")
_ANSWER_HEADERS = ("Deprecation", "Link", "Retry-After", "Sunset", "WWW-Authenticate")  # a page reads no others


def allow_origins(application: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Return the application with CORS: web pages of these origins may read every response, import the browser client, and publish.

    If `origins` is empty, the application is returned unchanged.
    """
    if not origins:
        return application
    return CORSMiddleware(
        application,
        allow_origins=origins,
        allow_methods=("GET", "HEAD", "POST"),
        allow_headers=_REQUEST_HEADERS,
        expose_headers=_ANSWER_HEADERS,
    )
