"""The keys of an issuer that rotates them: a JWK Set that is read again and again in the background, never for a request."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple

from app.access.tokens.key_set_text import UnreadableKeySet, is_url, text_reader
from app.access.tokens.signing_keys import InvalidKeys, KeySet, VerificationKey, read_key_set

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

    `place`: the file or URL, for messages. `read`: returns the text of the JWK Set; raises UnreadableKeySet. `pace`: how often.
    `clock`: returns seconds, and never goes back.
    """

    def __init__(
        self, place: str, read: Callable[[], Awaitable[bytes]], pace: Pace, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._place = place
        self._read = read
        self._pace = pace
        self._clock = clock
        self._keys = KeySet({})
        self._text = b""
        self._read_at = 0.0
        self._failure = ""
        self._wanted = asyncio.Event()
        self._on_changed: list[Callable[[], None]] = []

    def age_seconds(self) -> float:
        """Return the time since the keys were last read."""
        return self._clock() - self._read_at

    def find(self, key_id: str | None) -> VerificationKey | None:
        """Return a key, as `KeySource` says. An unknown key makes `run` read the keys soon; the caller does not wait for that."""
        key = self._keys.find(key_id)
        if key is None:
            self._wanted.set()
        return key

    def accepts(self, key_thumbprint: str | None) -> bool:
        return self._keys.accepts(key_thumbprint)

    def on_changed(self, call: Callable[[], None]) -> None:
        """Call a function whenever the keys have been replaced."""
        self._on_changed.append(call)

    async def load(self) -> None:
        """Read the keys for the first time. Raises InvalidKeys if that is impossible."""
        try:
            text = await self._read()
        except UnreadableKeySet as error:
            raise InvalidKeys(f"The keys {self._place} cannot be read: {error}.") from None
        self._take(text)

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
        except UnreadableKeySet as error:
            self._fail(f"The keys {self._place} cannot be read: {error}.")

    def _take(self, text: bytes) -> None:
        if text != self._text:
            self._replace(read_key_set(text, self._place), text)
        if self._failure:
            _log.info("The keys %s can be read again.", self._place)
        self._read_at, self._failure = self._clock(), ""

    def _fail(self, message: str) -> None:
        if self.age_seconds() > self._pace.kept and self._keys.thumbprints:
            message = f"{message} They are too old, so no token is accepted until they can be read."
            self._replace(KeySet({}), b"")
        if message != self._failure:
            _log.warning("%s Until then, the last ones stay in use." if self._keys.thumbprints else "%s", message)
        self._failure = message

    def _replace(self, keys: KeySet, text: bytes) -> None:
        self._keys, self._text = keys, text
        for call in self._on_changed:
            call()


@asynccontextmanager
async def open_keys(place: str) -> AsyncIterator[RefreshedKeys]:
    """Read the keys at a file or URL, and keep them up to date until the context is left. Raises InvalidKeys if they cannot be read."""
    keys = RefreshedKeys(place, text_reader(place), URL_PACE if is_url(place) else FILE_PACE)
    await keys.load()
    task = asyncio.create_task(keys.run())
    try:
        yield keys
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
