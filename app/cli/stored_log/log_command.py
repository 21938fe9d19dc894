"""`orders-events log`: make the log that several servers share, compare a copy of it, and begin a new epoch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from app.cli.options.options import stream_argument
from app.events.position import write_position
from app.settings import NatsUrl
from app.settings.setting_types import Number, WholeNumber
from app.specification.errors import OrdersEventsError

if TYPE_CHECKING:
    from app.stores.replica.shared_log import SharedLog  # imported late, so that --help is fast
    from app.stores.replica.witness import Difference

_Result = TypeVar("_Result")
_START_SECONDS: Final = 5.0  # less than a server waits: somebody sits in front of the command


@click.group
def log() -> None:
    """Take care of a log that several servers share. STORE is the URL of its stream, as in serve --store."""


@log.command
@stream_argument
@click.option(
    "--replicas",
    type=WholeNumber(1, 5),
    default=3,
    show_default=True,
    help="Keep each event on N servers.",
    metavar="N",
)
@click.option(
    "--retain-events", type=WholeNumber(1, 10**15), metavar="N", help="Keep the newest N events and delete older ones."
)
@click.option(
    "--retain-seconds", type=Number(1e9), metavar="S", help="Delete events that were stored more than S seconds ago."
)
def init(
    *,
    store: NatsUrl,
    nats_creds: Path | None,
    nats_ca: Path | None,
    replicas: int,
    retain_events: int | None,
    retain_seconds: float | None,
) -> int:
    """Make the stream of STORE, with settings under which no acknowledged event is lost. An existing stream is not changed.

    Exit codes: 0 the stream can be used; 1 it lacks something, which is printed, or NATS cannot be used; 2 wrong usage.
    """
    from app.configured import nats_servers  # noqa: PLC0415  # imported late, so that --help is fast

    async def make() -> list[str]:
        servers = nats_servers(store, nats_creds, nats_ca)
        from app.stores.jetstream.stream.make_stream import make_stream  # noqa: PLC0415  # needs an optional package
        from app.stores.jetstream.stream.stream_settings import Retention  # noqa: PLC0415  # likewise

        return await make_stream(servers, store.stream, Retention(retain_events, retain_seconds), replicas=replicas)

    missing = _outcome(make)
    if missing:
        raise click.ClickException(f"The stream {store.stream} is not safe to use: {'; '.join(missing)}.")
    click.echo(f"The stream {store.stream} can be used by `orders-events serve`.")
    return 0


@log.command
@stream_argument
def compare(*, store: NatsUrl, nats_creds: Path | None, nats_ca: Path | None) -> int:
    """Compare a copy of the log, the file in cache=PATH of STORE, with the stream. A server may have the copy open.

    Exit codes: 0 every event of the copy is in the stream; 1 one differs or is missing, and the first such id is printed, or NATS
    or the copy cannot be read; 2 wrong usage.
    """
    from app.stores.replica import witness  # noqa: PLC0415  # imported late, so that --help is fast

    async def find() -> witness.Difference | None:
        async with _opened(store, nats_creds, nats_ca) as shared:
            return await witness.compare(Path(store.cache), shared)

    difference = _outcome(find)
    if difference is not None:
        raise click.ClickException(_sentence(difference))
    click.echo(f"Every event of {store.cache} is in the stream {store.stream} as it is in the copy.")
    return 0


@log.command("new-epoch")
@stream_argument
def new_epoch(*, store: NatsUrl, nats_creds: Path | None, nats_ca: Path | None) -> int:
    """Begin a new epoch of the log, for example after the stream was restored from a backup: no id of a lost event is used again.

    Exit codes: 0 the epoch has begun; 1 NATS cannot be used; 2 wrong usage.
    """

    async def begin() -> str:
        async with _opened(store, nats_creds, nats_ca) as shared:
            epoch = (await shared.begin_epoch((await shared.state()).epochs)).epochs.open
            return f"The epoch {epoch.name} has begun; its first id is {epoch.name}-{epoch.first_offset}."

    click.echo(_outcome(begin))
    return 0


@asynccontextmanager
async def _opened(store: NatsUrl, credentials: Path | None, authorities: Path | None) -> AsyncIterator[SharedLog]:
    """Open a shared log that already has events, however safely its stream keeps them."""
    from app.configured import create_shared_log  # noqa: PLC0415  # imported late, so that --help is fast

    shared = create_shared_log(
        store,
        credentials,
        authorities,
        accept_unsynced=True,
        accept_single=True,
        start_seconds=_START_SECONDS,
    )
    await shared.open()
    try:
        yield shared
    finally:
        await shared.close()


def _outcome(work: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
    try:
        return asyncio.run(work())
    except OrdersEventsError as error:
        raise click.ClickException(str(error)) from None


def _sentence(difference: Difference) -> str:
    """Describe the first difference between a copy and the stream, with the id of its event."""
    event = difference.copied or difference.logged
    name = f"the event at offset {difference.offset}" if event is None else write_position(event.epoch, event.offset)
    if difference.logged is None:
        return f"The first difference is {name}: it is missing in the stream."
    if difference.copied is None:
        return f"The first difference is {name}: it is missing in the copy, or damaged there."
    return f"The first difference is {name}: the stream has another event there, or other content."
