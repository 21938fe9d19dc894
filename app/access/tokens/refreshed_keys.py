"""The keys of an issuer that rotates them: a JWK Set that is read again and again in the background, never for a request."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import httpx
from joserfc.jwk import Key

from app.access.tokens.signing_keys import InvalidKeys, KeySet, read_key_set

MAX_BYTES: Final = 64 * 1024  # hundreds of keys
FETCH_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


class Pace(NamedTuple):
    """How often keys are read, in seconds.

    `interval`: between two times if nothing happens. `least`: between two times if a token has an unknown key, or after a failure, however
    many tokens there are. `kept`: how long the last keys stay in use if they cannot be read.
    """

    interval: float
    least: float
    kept: float = 24 * 3600.0


FILE_PACE: Final = Pace(interval=5, least=5)
URL_PACE: Final = Pace(interval=300, least=30)


class RefreshedKeys:
    """Keys that `run` keeps up to date.

    `place`: the file or URL, for messages. `read`: returns the text of the JWK Set; raises OSError or httpx.HTTPError. `pace`: how often.
    """

    def __init__(self, place: str, read: Callable[[], Awaitable[bytes]], pace: Pace) -> None:
        self._place = place
        self._read = read
        self._pace = pace
        self._keys = KeySet({})
        self._text = b""
        self._read_at = 0.0
        self._failure = ""
        self._wanted = asyncio.Event()
        self._on_removed: list[Callable[[], None]] = []

    def age_seconds(self) -> float:
        """Return the time since the keys were last read."""
        return time.monotonic() - self._read_at

    def find(self, key_id: str | None) -> Key | None:
        """Return a key, as `KeySource` says. An unknown key makes `run` read the keys soon; the caller does not wait for that."""
        key = self._keys.find(key_id)
        if key is None:
            self._wanted.set()
        return key

    def on_removed(self, call: Callable[[], None]) -> None:
        """Call a function whenever a key is no longer in the set."""
        self._on_removed.append(call)

    async def load(self) -> None:
        """Read the keys for the first time. Raises InvalidKeys if that is impossible."""
        try:
            self._take(await self._read())
        except (OSError, httpx.HTTPError, TimeoutError) as error:
            raise InvalidKeys(f"The keys {self._place} cannot be read: {_reason(error)}.") from None

    async def run(self) -> None:
        """Read the keys again whenever it is time, until the task is cancelled."""
        while True:
            await asyncio.sleep(self._pace.least)
            if not self._failure:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pace.interval - self._pace.least):
                        await self._wanted.wait()
            self._wanted.clear()
            await self._refresh()

    async def _refresh(self) -> None:
        try:
            self._take(await self._read())
        except InvalidKeys as error:
            self._fail(str(error))
        except (OSError, httpx.HTTPError, TimeoutError) as error:
            self._fail(f"The keys {self._place} cannot be read: {_reason(error)}.")

    def _take(self, text: bytes) -> None:
        if text != self._text:
            keys = read_key_set(text, self._place)
            before, self._keys, self._text = self._keys, keys, text
            if not before.ids <= keys.ids:
                self._report_removed()
        self._read_at, self._failure = time.monotonic(), ""

    def _fail(self, message: str) -> None:
        if self.age_seconds() > self._pace.kept and self._keys.ids:
            message = f"{message} They are too old, so no token is accepted until they can be read."
            self._keys, self._text = KeySet({}), b""
            self._report_removed()
        if message != self._failure:
            _log.warning("%s Until then, the last ones stay in use." if self._keys.ids else "%s", message)
        self._failure = message

    def _report_removed(self) -> None:
        for call in self._on_removed:
            call()


@asynccontextmanager
async def open_keys(place: str) -> AsyncIterator[RefreshedKeys]:
    """Read the keys at a file or URL, and keep them up to date until the context is left. Raises InvalidKeys if they cannot be read."""
    is_url = "://" in place
    keys = RefreshedKeys(place, _fetcher(place) if is_url else _reader(Path(place)), URL_PACE if is_url else FILE_PACE)
    await keys.load()
    task = asyncio.create_task(keys.run())
    try:
        yield keys
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _reader(file: Path) -> Callable[[], Awaitable[bytes]]:
    return lambda: asyncio.to_thread(file.read_bytes)  # a file may be on a disk that hangs


def _fetcher(url: str) -> Callable[[], Awaitable[bytes]]:
    async def fetch() -> bytes:
        """Fetch the text of the URL: no redirect, at most 64 KiB, and within 5 seconds in all."""
        async with (
            asyncio.timeout(FETCH_SECONDS),
            httpx.AsyncClient() as client,
            client.stream("GET", url, headers={"Accept": "application/jwk-set+json, application/json"}) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise OSError(f"the status is {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise OSError(f"it has more than {MAX_BYTES} bytes")
            return bytes(body)

    return fetch


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"it took more than {FETCH_SECONDS:g} seconds"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
