"""Send HTTP requests to the server under check. Every request has a deadline and a size limit, so no check can hang."""

from __future__ import annotations

import ssl
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self, TypeVar, TypeVarTuple

import anyio
import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from app.check.findings import CannotCheck, Finding, NoAnswer, Violated
from app.check.http.event_stream import MAX_BYTES, Reader, Stream
from app.check.http.once_admitted import once_admitted
from app.check.request import Request, Response, excerpt, without_user

_HEADERS: Final = {"User-Agent": "orders-events-check", "Accept-Encoding": "identity"}
_ABSENT_IF_EMPTY: Final = ("Accept", "Authorization")  # which the client would send otherwise
_T = TypeVar("_T")
_Arguments = TypeVarTuple("_Arguments")


class Session:
    """An HTTP client for one server, used as a context manager; each request must finish within `timeout_seconds`.

    `certificates`: the certificates that are trusted for an https server; by default the certificates that the machine trusts.
    `authorization`: the header of the access token, of every request without another one. No `Authorization` or `Accept` is sent empty.

    CannotCheck is raised, with a one-sentence message, if the server does not respond. The same is raised for a response with
    status 503 or 429, because a server that is unavailable, or limits its clients, does not violate the contract.
    """

    def __init__(
        self,
        url: str,
        timeout_seconds: float,
        certificates: ssl.SSLContext | None = None,
        authorization: Mapping[str, str] | None = None,
    ) -> None:
        self.url = url
        self.timeout_seconds = timeout_seconds
        self._certificates = certificates or ssl.create_default_context()
        self._headers = {**_HEADERS, **(authorization or {})}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        # The checks are plain functions; the event loop that reads for them runs in a thread of its own.
        self._portal = self._open.enter_context(start_blocking_portal())
        # The portal bounds each request as a whole; httpx could only bound each single read of it.
        self._client = httpx.AsyncClient(
            trust_env=False,
            verify=self._certificates,
            timeout=None,  # noqa: S113  # the portal bounds the request, see above
            headers=self._headers,
            # Many servers, uvicorn among them, close connections that were idle for 5 seconds, as httpx would: a request might be lost.
            limits=httpx.Limits(keepalive_expiry=2),
        )
        self._open.callback(self._run, self._client.aclose)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def fetch(self, request: Request) -> Response:
        """Send a request and return the whole response. Raises CannotCheck if no response comes, or its status is 503 or stays 429."""
        with self._described(request):
            return _available(once_admitted(lambda: self._run(self._fetch, request)))

    def read(self, request: Request, enough: Callable[[Reader], bool]) -> Stream:
        """Read a stream until `enough` returns True or the server ends the stream, and return what was read.

        A response with status 204 is treated as an empty stream. Raises Violated if neither happens within the session's timeout.
        """
        with self.following(request) as following:
            came = following.until(enough, self.timeout_seconds)
            stream = following.stream()
        if not came:
            seen = f"after {self.timeout_seconds:g} s it was still open, with {len(stream.events)} order events"
            raise Violated(Finding("A stream sends the stored events, or ends.", seen, request))
        return stream

    @contextmanager
    def following(self, request: Request) -> Iterator[Following]:
        """Open a stream that stays open during a `with` block. Raises Violated if the response is not a stream."""
        asked_at = time.monotonic()
        with self._described(request):
            opened = self._run(self._send, request)
            try:
                if opened.status_code not in (200, 204):
                    self._refuse(request, opened)
                yield Following(self._portal, Reader(request, opened, asked_at))
            finally:
                self._run(opened.aclose)

    def _refuse(self, request: Request, opened: httpx.Response) -> None:
        response = Response(request, opened.status_code, opened.headers, self._run(_body, opened))
        raise Violated(
            Finding("Every combination of valid parameters is answered.", str(_available(response)), request)
        )

    def _run(self, function: Callable[[*_Arguments], Awaitable[_T]], *arguments: *_Arguments) -> _T:
        return _run_within(self._portal, self.timeout_seconds, function, *arguments)

    async def _fetch(self, request: Request) -> Response:
        opened = await self._send(request)
        try:
            return Response(request, opened.status_code, opened.headers, await _body(opened))
        finally:
            await opened.aclose()

    async def _send(self, request: Request) -> httpx.Response:
        headers = [(name.encode(), value.encode()) for name, value in request.headers]  # an id may be any text
        url = request.url(self.url)
        built = self._client.build_request(request.method, url, headers=headers, content=request.body)
        for name in _ABSENT_IF_EMPTY:
            if not built.headers.get(name, "-"):
                del built.headers[name]
        return await self._client.send(built, stream=True)

    @contextmanager
    def _described(self, request: Request) -> Iterator[None]:
        asked = f"{request.method} {request.url(without_user(self.url))}"
        try:
            yield
        except TimeoutError:
            raise NoAnswer(f"No answer to {asked} within {self.timeout_seconds:g} s.") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise CannotCheck(f"No answer to {asked} ({reason}). Is a server running there?") from None


class Following:
    """An event stream that stays open while other requests are sent to the same server.

    `portal`: the event loop in another thread that reads the stream.
    `reader`: the open stream.
    """

    def __init__(self, portal: BlockingPortal, reader: Reader) -> None:
        self._portal = portal
        self._reader = reader

    def until(self, enough: Callable[[Reader], bool], seconds: float) -> bool:
        """Read from the stream until `enough` returns True or the server ends the stream; then return True.

        Returns False if `seconds` pass before; then the stream cannot be read any further.
        """
        try:
            _run_within(self._portal, seconds, self._reader.until, enough)
        except TimeoutError:
            return False
        return True

    def stream(self) -> Stream:
        """Return the part of the stream that has been read so far.

        Raises CannotCheck if the server ended the stream for a temporary reason, such as a shutdown.
        """
        return self._reader.stream()


def _run_within(
    portal: BlockingPortal,
    seconds: float,
    function: Callable[[*_Arguments], Awaitable[_T]],
    *arguments: *_Arguments,
) -> _T:
    """Run an async function in the event loop of another thread, and return its result.

    `portal`: gives access to that event loop.
    Raises TimeoutError if the function takes longer than `seconds`.
    """

    async def bounded() -> _T:
        with anyio.fail_after(seconds):
            return await function(*arguments)

    return portal.call(bounded)


async def _body(opened: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in opened.aiter_raw():
        body += chunk
        if len(body) > MAX_BYTES:
            raise CannotCheck(f"The response is larger than {MAX_BYTES} bytes.")
    return bytes(body)


def _available(response: Response) -> Response:
    if response.status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        raise CannotCheck(f"The server is not available: {excerpt(response.body)}")
    return response
