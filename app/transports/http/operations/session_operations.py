"""The operations of clients that sign in: the session of a web page, and where access tokens come from."""

from __future__ import annotations

import time
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.transports.http.operations.cache_headers import NO_STORE
from app.transports.http.security import bearer_token, principal_of
from app.transports.http.sessions.resource_metadata import resource_metadata
from app.transports.http.sessions.session_cookie import clear_cookie, set_cookie


@dataclass(frozen=True)
class SessionOperations:
    """Sessions of web pages, and who issues access tokens."""

    public_url: str | None
    issuer: str | None

    async def create_session(self, request: Request) -> Response:
        principal = principal_of(request.scope)
        if principal.expires_at is None:
            return Response(status_code=204, headers=NO_STORE)  # a server without keys has no sessions
        cookie = set_cookie(bearer_token(request.scope), principal.expires_at - time.time())
        return Response(status_code=204, headers={**NO_STORE, "Set-Cookie": cookie})

    async def delete_session(self) -> Response:
        return Response(status_code=204, headers={**NO_STORE, "Set-Cookie": clear_cookie()})

    async def get_protected_resource_metadata(self, request: Request) -> Response:
        resource = self.public_url or f"{request.url.scheme}://{request.url.netloc}"
        return JSONResponse(resource_metadata(resource, self.issuer), headers=NO_STORE)
