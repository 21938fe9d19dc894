"""Follow a stream of events across connections, as an `EventSource` does, and end where the server says so."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click
import httpx
from httpx_sse import ServerSentEvent, connect_sse

from app.backoff import backoff_seconds
from app.cli.client import EVENTS_PATH, TRANSIENT_STATUSES, describe_answer, describe_silence, retry_after_seconds

_FIRST_RETRY_SECONDS: Final = 1.0  # until the server says how long to wait
_LONGEST_WAIT_SECONDS: Final = 30.0
_FINAL_REASONS: Final = frozenset({"limit", "end"})  # any other, a future one too, means: come back


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """What to ask for: filters and such, where to start while there is no id to go on from, and after how many to end."""

    parameters: Sequence[tuple[str, str]] = ()
    start: Sequence[tuple[str, str]] = ()
    last_event_id: str | None = None
    limit: int | None = None


class Following:
    """Iterate over the order events of a stream, each once, in order, reconnecting wherever that may help.

    `report` is told of gaps and of trouble that may pass. Raises click.ClickException where the server refuses, and where it
    cannot be reached for `retry_max_seconds` (None: tries for ever).
    """

    def __init__(
        self,
        client: httpx.Client,
        request: StreamRequest,
        retry_max_seconds: float | None,
        report: Callable[[str], None],
    ) -> None:
        self._client = client
        self._request = request
        self._retry_max_seconds = retry_max_seconds
        self._report = report
        self._last_event_id = request.last_event_id
        self._remaining = request.limit
        self._retry_seconds = _FIRST_RETRY_SECONDS
        self._ended = False
        self._arrived = False  # whether this connection brought something to go on from
        self._failures = 0  # connections in a row that did not
        self._lost_at = time.monotonic()

    def __iter__(self) -> Iterator[ServerSentEvent]:
        while True:
            self._arrived = False
            trouble = _Trouble(f"{self._client.base_url} ended the stream.")
            try:
                yield from self._connection()
            except _Trouble as raised:
                trouble = raised
            except httpx.TransportError as error:
                trouble = _Trouble(describe_silence(self._client, error))
            if self._ended:
                return
            self._wait(trouble)

    def _connection(self) -> Iterator[ServerSentEvent]:
        with connect_sse(
            self._client, "GET", EVENTS_PATH, params=self._parameters(), headers=self._headers()
        ) as source:
            if source.response.status_code == 204:
                self._ended = True
                return
            _check(source.response)
            for frame in source.iter_sse():
                if frame.retry is not None:
                    self._retry_seconds = frame.retry / 1000
                if frame.event == "stream.closing":
                    self._ended = _data(frame).get("reason") in _FINAL_REASONS
                    return
                yield from self._taken(frame)
                if self._ended:
                    return

    def _taken(self, frame: ServerSentEvent) -> Iterator[ServerSentEvent]:
        if frame.id:
            self._last_event_id = frame.id
            self._arrived = True
        if frame.event == "stream.gap":
            self._report(_describe_gap(_data(frame)))
        elif frame.event and not frame.event.startswith(
            "stream."
        ):  # a control event of the future is none of the orders'
            yield frame
            if self._remaining is not None:
                self._remaining -= 1
                self._ended = self._remaining == 0

    def _parameters(self) -> list[tuple[str, str]]:
        start = () if self._last_event_id else self._request.start
        limit = () if self._remaining is None else (("limit", str(self._remaining)),)
        return [*self._request.parameters, *start, *limit]

    def _headers(self) -> dict[str, str]:
        return {"Last-Event-ID": self._last_event_id} if self._last_event_id else {}

    def _wait(self, trouble: _Trouble) -> None:
        now = time.monotonic()
        if self._arrived:
            self._failures = 0
            self._lost_at = now
            wait_seconds = self._retry_seconds
        else:
            self._failures += 1
            longest = max(_LONGEST_WAIT_SECONDS, self._retry_seconds)
            wait_seconds = max(
                backoff_seconds(self._failures, self._retry_seconds, longest), trouble.retry_after_seconds
            )
        if self._retry_max_seconds is not None and now + wait_seconds > self._lost_at + self._retry_max_seconds:
            raise click.ClickException(str(trouble))
        if self._failures == 1:
            self._report(f"{trouble} Trying again.")
        time.sleep(wait_seconds)


class _Trouble(Exception):
    """Why a connection is over that may be tried again, and the least time to wait before."""

    def __init__(self, reason: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


def _check(response: httpx.Response) -> None:
    if response.status_code in TRANSIENT_STATUSES:
        raise _Trouble(describe_answer(response), retry_after_seconds(response))
    if response.status_code != 200:
        raise click.ClickException(describe_answer(response))
    media_type = response.headers.get("content-type", "").partition(";")[0].strip()
    if media_type != "text/event-stream":
        raise click.ClickException(f"{response.url} is no event stream, but {media_type or 'of no known type'}.")


def _describe_gap(gap: dict[str, Any]) -> str:
    return (
        f"Events are missing here: the position {gap.get('requested')} is {gap.get('reason')}. "
        f"What is left begins after {gap.get('earliest')}."
    )


def _data(frame: ServerSentEvent) -> dict[str, Any]:
    try:
        data = json.loads(frame.data)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
