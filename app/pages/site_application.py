"""Serve the files of the documentation site; all other requests are passed to the application that implements the contract.

So the response for an unknown path is the same problem document everywhere, also for a path below `/docs`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.pages.content.documentation import SettingDocs
from app.pages.representations import Representations
from app.pages.request_origin import request_origin
from app.pages.site import build_site
from app.pages.site_files import SiteFile
from app.pages.site_paths import HOME, NEWEST_WHEEL
from app.specification.contracts import Contracts
from app.specification.document import OpenApiDocument
from app.specification.openapi.statements.problem_types import ProblemType

_METHODS = ("GET", "HEAD")


def with_pages(
    application: ASGIApp,
    document: OpenApiDocument,
    contracts: Contracts,
    contract_root: Path,
    settings: Sequence[SettingDocs],
    *,
    public_url: str | None,
    compress: bool,
) -> ASGIApp:
    """Return an ASGI application that serves the documentation site and passes all other requests to `application`.

    `settings`: the settings of the server, for the page that lists them. `public_url`: the URL that the pages show as that of the server;
    None for the origin of each request. `compress`: whether files are compressed for clients that accept it.
    Raises InvalidContract if an example file can no longer be read.
    """
    site = build_site(document, contracts, contract_root / "contracts", settings)
    refused = document.problems["method-not-allowed"]
    return SiteApplication(application, site, refused, public_url=public_url, compress=compress)


class SiteApplication:
    """An ASGI application that serves the files of a site and passes every other request to another application.

    `application`: the other application.
    `site`: the files by path.
    `method_not_allowed`: the problem type of the response if the method is neither GET nor HEAD.
    `public_url`: the URL that the pages show as that of the server; None for the origin of each request.
    `compress`: whether files are compressed for clients that accept it.
    """

    def __init__(
        self,
        application: ASGIApp,
        site: Mapping[str, SiteFile],
        method_not_allowed: ProblemType,
        *,
        public_url: str | None = None,
        compress: bool = True,
    ) -> None:
        self._application = application
        self._site = {f"/{name}": Representations(file, compress=compress) for name, file in site.items()}
        self._newest_wheel = {f"/{NEWEST_WHEEL}": name for name in site if name.endswith(".whl")}
        self._method_not_allowed = method_not_allowed
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(scope) if scope["type"] == "http" else None
        await (response or self._application)(scope, receive, send)

    async def _respond(self, scope: Scope) -> Response | None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path == f"/{HOME}/":
            return RedirectResponse(f"../{HOME}", 308, {"Cache-Control": "no-cache"})
        if path in self._newest_wheel:
            return RedirectResponse(self._newest_wheel[path], 307, {"Cache-Control": "no-cache"})
        found = self._site.get(path)
        if found is None:
            return None
        if scope["method"] not in _METHODS:
            return self._refuse()
        return await _response(Request(scope), found, self._public_url or request_origin(scope))

    def _refuse(self) -> Response:
        problem = self._method_not_allowed._asdict()
        detail = "A page can only be read; the Allow header lists the methods."
        return Response(
            json.dumps({**problem, "detail": detail}, separators=(",", ":")),
            self._method_not_allowed.status,
            {"Allow": ", ".join(_METHODS), "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
            "application/problem+json",
        )


async def _response(request: Request, found: Representations, url: str) -> Response:
    accept_encoding = ",".join(request.headers.getlist("accept-encoding"))
    content, coding, etag = await found.choose(accept_encoding, url)
    # A cache may keep a page, but must ask each time whether it has changed: the answer is 304 until the contract changes.
    headers = {
        "Cache-Control": "no-cache",
        "ETag": etag,
        "Content-Security-Policy": found.file.policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    if found.vary:
        headers["Vary"] = "Accept-Encoding"
    if _matches(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    if coding is not None:
        headers["Content-Encoding"] = coding
    response = Response(content, 200, headers, found.file.media_type)
    if request.method == "HEAD":
        response.body = b""
    return response


def _matches(if_none_match: str, etag: str) -> bool:
    """Return whether the value of an If-None-Match header contains an entity tag.

    Entity tags are compared weakly (RFC 9110 §13.1.2), because proxies that compress a response mark its tag with `W/`.
    """
    known = (each.strip().removeprefix("W/") for each in if_none_match.split(","))
    return if_none_match.strip() == "*" or etag in known
