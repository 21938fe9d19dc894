"""Speak HTTP with the server under check. Everything has a deadline and a size, so that no check ever hangs."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx

from app.check.event_loop import EventLoop
from app.check.findings import CannotCheck, Finding, NoAnswer, Violated
from app.check.http.event_stream import MAX_BYTES, Reader, Stream
from app.check.request import Request, Response, excerpt, without_user

_HEADERS: Final = {"User-Agent": "orders-events-check", "Accept-Encoding": "identity"}
_T = TypeVar("_T")


class Following:
    """A stream that stays open while other requests are made."""

    def __init__(self, loop: EventLoop, reader: Reader) -> None:
        self._loop = loop
        self._reader = reader

    def until(self, enough: Callable[[Reader], bool], seconds: float) -> bool:
        """Read until there is enough or the server ends the stream; False where the time is up before, which is its end too."""
        try:
            self._loop.run(self._reader.until(enough), seconds)
        except TimeoutError:
            return False
        return True

    def stream(self) -> Stream:
        return self._reader.stream()


class Session:
    """All requests to one server, each within `timeout_seconds`; a context manager.

    What keeps a request from being answered is raised as CannotCheck, in one sentence; so is a 503, which says that the server
    cannot answer now.
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self.url = url
        self.timeout_seconds = timeout_seconds
        self._loop = EventLoop()
        # The loop bounds each request as a whole; httpx could only bound each single read of it.
        self._client = httpx.AsyncClient(
            trust_env=False,
            verify=ssl.create_default_context(),  # the certificates that this machine trusts
            timeout=None,  # noqa: S113  # see above
            headers=_HEADERS,
            # Many servers, uvicorn among them, close what has been idle for 5 seconds, as httpx would: a request might be lost.
            limits=httpx.Limits(keepalive_expiry=2),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._client.aclose())
        self._loop.close()

    def fetch(self, request: Request) -> Response:
        """Get a whole answer."""
        with self._described(request):
            answer = self._run(self._fetched(request))
        return _available(answer)

    def read(self, request: Request, enough: Callable[[Reader], bool]) -> Stream:
        """Read a stream until there is enough or the server ends it; a 204 is a stream without blocks."""
        with self.following(request) as following:
            came = following.until(enough, self.timeout_seconds)
            stream = following.stream()
        if not came:
            seen = f"after {self.timeout_seconds:g} s it was still open, with {len(stream.events)} order events"
            raise Violated(Finding("A stream brings what is stored, or its end.", seen, request))
        return stream

    @contextmanager
    def following(self, request: Request) -> Iterator[Following]:
        """Open a stream. Raises Violated where the answer is none."""
        asked_at = time.monotonic()
        with self._described(request):
            response = self._run(self._sent(request))
            reader = Reader(request, response, asked_at)
            try:
                if response.status_code not in (200, 204):
                    self._refuse(request, response)
                yield Following(self._loop, reader)
            finally:
                self._run(response.aclose())

    def _refuse(self, request: Request, response: httpx.Response) -> None:
        answer = Response(request, response.status_code, response.headers, self._run(_body(response)))
        raise Violated(Finding("Every combination of valid parameters is answered.", str(_available(answer)), request))

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return self._loop.run(work, self.timeout_seconds)

    async def _fetched(self, request: Request) -> Response:
        response = await self._sent(request)
        try:
            return Response(request, response.status_code, response.headers, await _body(response))
        finally:
            await response.aclose()

    async def _sent(self, request: Request) -> httpx.Response:
        headers = [(name.encode(), value.encode()) for name, value in request.headers]  # an id may be anything
        url = request.url(self.url)
        built = self._client.build_request(request.method, url, headers=headers, content=request.body)
        return await self._client.send(built, stream=True)

    @contextmanager
    def _described(self, request: Request) -> Iterator[None]:
        asked = f"{request.method} {self._shown(request)}"
        try:
            yield
        except TimeoutError:
            raise NoAnswer(f"No answer to {asked} within {self.timeout_seconds:g} s.") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            raise CannotCheck(f"No answer to {asked} ({reason}).") from None

    def _shown(self, request: Request) -> str:
        return request.url(without_user(self.url))


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_BYTES:
            raise CannotCheck(f"The answer is larger than {MAX_BYTES} bytes.")
    return bytes(body)


def _available(answer: Response) -> Response:
    if answer.status == 503:
        raise CannotCheck(f"The server is not available: {excerpt(answer.body)}")
    return answer
