"""The requests of a node that wait for an answer. All answers come to one inbox, with the number of the request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from nats.aio.msg import Msg

from app.stores.jetstream.errors import NatsError


class OpenRequests:
    """Requests that were begun and not answered yet."""

    def __init__(self) -> None:
        self._numbers = count()
        self._open: dict[str, tuple[str, asyncio.Future[Msg]]] = {}

    @property
    def subjects(self) -> set[str]:
        return {subject for subject, _ in self._open.values()}

    @contextmanager
    def begin(self, subject: str) -> Iterator[tuple[str, asyncio.Future[Msg]]]:
        """Open a request as long as the context lasts. Yields its number, and the future of its answer."""
        number = str(next(self._numbers))
        answer: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        self._open[number] = subject, answer
        try:
            yield number, answer
        finally:
            del self._open[number]
            answer.cancel()

    def answer(self, number: str, message: Msg) -> None:
        """Answer a request; nothing happens if it is over."""
        _, answer = self._open.get(number, ("", None))
        if answer and not answer.done():
            answer.set_result(message)

    def fail(self, error: NatsError, subject: str | None = None) -> None:
        """Raise an error in all requests, or in those with a subject."""
        for asked, answer in self._open.values():
            if subject in {None, asked} and not answer.done():
                answer.set_exception(error)
