"""The log that several nodes share, in a JetStream stream: `SharedLog`, as `app/stores/replica/shared_log.py` promises it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Final, TypeVar

from app.events.errors import StoreRefused, StoreUnavailable
from app.events.event import Event, StoredEvent
from app.events.position import Epochs
from app.stores.jetstream.answers import PAUSE_SECONDS, answered
from app.stores.jetstream.consumer import Consumer
from app.stores.jetstream.errors import ApiRefused, NatsError, NoResponder, Unanswered
from app.stores.jetstream.event_publishing import EventPublishing, Submission
from app.stores.jetstream.payloads import read_message
from app.stores.jetstream.servers.nats_connection import NatsConnection
from app.stores.jetstream.servers.nats_servers import NatsServers
from app.stores.jetstream.servers.sync_always import unsynced
from app.stores.jetstream.stream.epochs import begin_epoch, is_restored, read_epochs, read_id_key
from app.stores.jetstream.stream.stream_api import NO_STREAM, StreamApi, StreamInfo
from app.stores.jetstream.stream.stream_settings import server_shortfalls, shortfalls
from app.stores.jetstream.stream_position import StreamPosition
from app.stores.replica.shared_log import EpochEnded, SharedState

_log = logging.getLogger(__name__)
T = TypeVar("T")

DEADLINE_SECONDS: Final = 5.0
_NOTICE_SECONDS: Final = 2.0  # longer than a start takes where everything runs


class JetStreamLog:
    """One JetStream stream that several nodes write to and follow.

    `stream`: the name of the stream. `monitors`: the URLs of the monitoring ports of the servers. `accept_unsynced`: whether
    servers are accepted that are not known to sync every message. `accept_single`: whether fewer than three replicas are
    accepted. `seconds`: how long a call tries before it raises StoreUnavailable; `start_seconds`: how long `open` does.
    """

    def __init__(
        self,
        servers: NatsServers,
        stream: str,
        *,
        monitors: Iterable[str] = (),
        accept_unsynced: bool = False,
        accept_single: bool = False,
        seconds: float = DEADLINE_SECONDS,
        start_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self.consumer_resets = 0
        self._connection = NatsConnection(servers)
        self._api = StreamApi(self._connection, stream)
        self._publishing = EventPublishing(self._connection, self._api)
        self.stream = stream
        self._monitors = tuple(monitors)
        self._accept_unsynced = accept_unsynced
        self._accept_single = accept_single
        self._seconds = seconds
        self._start_seconds = start_seconds
        self._known: tuple[str, Epochs] | None = None  # when the stream was created, and its epochs
        self._followed: tuple[str, Epochs] | None = None
        self._compared_after: int | None = None  # so many interruptions; None: the log is not followed yet

    async def open(self) -> SharedState:
        notice = asyncio.get_running_loop().call_later(_NOTICE_SECONDS, self._say_that_it_waits)
        try:
            return await self._open()
        finally:
            notice.cancel()

    async def _open(self) -> SharedState:
        await self._connection.open(self._start_seconds)
        try:
            info = await answered(self._api.info, self._connection, self._start_seconds)
        except NatsError as error:
            await self.close()
            raise StoreRefused(f"The stream {self.stream} cannot be used. {error}") from None
        if missing := await self._shortfalls(info):
            await self.close()
            raise StoreRefused(f"The stream {self.stream} is not safe to use: {'; '.join(missing)}.")
        return _state(await self._answered(self._info))

    async def state(self) -> SharedState:
        return _state(await self._answered(self._info))

    def follow(self, after: int) -> AsyncGenerator[Sequence[StoredEvent]]:
        self._followed = self._known
        return self._follow(after, self._known)

    async def store(self, events: Sequence[Event], epoch: str) -> int:
        submission = Submission(self.stream, epoch, events)
        return await self._answered(partial(self._store, submission, epoch))

    async def event_at(self, offset: int) -> StoredEvent | None:
        return await self._answered(partial(self._event_at, offset))

    async def begin_epoch(self, expected: Epochs, replaced_from: int | None = None) -> SharedState:
        return _state(await self._answered(partial(self._begin_epoch, expected, replaced_from)))

    async def close(self) -> None:
        await self._connection.close()

    def _say_that_it_waits(self) -> None:
        waiting = {"stream": self.stream, "seconds": self._start_seconds}
        _log.warning("The NATS servers do not answer yet; they are waited for", extra={"fields": waiting})

    async def _follow(self, after: int, known: tuple[str, Epochs] | None) -> AsyncGenerator[Sequence[StoredEvent]]:
        """Yield the events after an offset, from one consumer after another, as long as the log is the one that is `known`.

        The servers restore a stream together with its consumers, which then push what is stored under ids of lost events. So before
        messages are taken, the leader is asked whether it is still the stream that it was: as it was created only once, it was so
        when they were stored, too.
        """
        if known is None:
            return
        position = StreamPosition(after, known[1])
        while self._known == known and not self._connection.closed:
            interruptions = self._connection.interruptions
            try:
                info = await self._info()
                if self._known != known or not position.is_in(info):
                    return
                async with aclosing(Consumer(self._connection, self._api).messages(position.resume_at)) as batches:
                    async for messages in batches:
                        if messages and (await self._info()) and self._known != known:
                            return
                        if events := position.advance(messages):
                            yield events
                        if position.is_lost or self._known != known:
                            return
                        if messages or position.offset < max(info.first, 1):
                            self._compared_after = interruptions
            except NatsError as error:
                _log.warning("The log cannot be followed now", extra={"fields": {"reason": str(error)}})
                await asyncio.sleep(PAUSE_SECONDS)
            self.consumer_resets += 1

    async def _event_at(self, offset: int) -> StoredEvent | None:
        message = await self._api.message(offset)
        epochs = read_epochs((await self._info()).metadata)
        return message and read_message(message, epochs)

    async def _answered(self, attempt: Callable[[], Awaitable[T]]) -> T:
        try:
            return await answered(attempt, self._connection, self._seconds)
        except NatsError as error:
            raise StoreUnavailable(str(error)) from None

    async def _info(self) -> StreamInfo:
        try:
            info = await self._api.info()
        except ApiRefused as error:
            if error.code == NO_STREAM:
                self._known = None  # if there is one again, it is another
            raise
        self._known = info.created, read_epochs(info.metadata)
        return info

    async def _store(self, submission: Submission, epoch: str) -> int:
        if not self._is_compared:
            # Meanwhile the stream may have been restored from a backup: the offset of a lost event would be used again in its epoch.
            raise Unanswered(
                "The log is compared with the copy of this node first, because the connection was interrupted."
            )
        try:
            return await self._publishing.store(submission)
        except NoResponder:
            if read_epochs((await self._info()).metadata).open.name == epoch:
                raise
            stored_at = await self._publishing.find(submission)  # an earlier attempt may not have been answered
            if stored_at is None:
                raise EpochEnded(epoch) from None
            return stored_at

    @property
    def _is_compared(self) -> bool:
        """Whether the log is not followed, or still the one that is followed: its stream was not created anew, and the connection
        not interrupted since.
        """
        is_same = (self._known and self._known[0]) == (self._followed and self._followed[0])
        return self._compared_after is None or (is_same and self._compared_after == self._connection.interruptions)

    async def _begin_epoch(self, expected: Epochs, replaced_from: int | None) -> StreamInfo:
        info = await self._info()
        if read_epochs(info.metadata) == expected:
            await begin_epoch(self._api, info, replaced_from)
            info = await self._info()
        return info

    async def _shortfalls(self, info: StreamInfo) -> list[str]:
        missing = server_shortfalls(self._connection.server_version, self._connection.max_payload)
        missing += shortfalls(info.config, accept_single=self._accept_single)
        return missing if self._accept_unsynced else missing + await unsynced(self._monitors)


def _state(info: StreamInfo) -> SharedState:
    deleted_through = max(info.first - 1, 0)
    return SharedState(
        read_epochs(info.metadata), info.last, deleted_through, read_id_key(info.metadata), is_restored(info)
    )
