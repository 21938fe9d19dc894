"""The composition root: the only module that imports every part of the service. It creates the parts and connects them."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import uvloop
from starlette.types import ASGIApp

from app.events.delivery.fan_out import FanOut
from app.events.errors import Draining
from app.events.log.event_log import EventLog
from app.events.log.event_store import EventStore
from app.events.publish import Publisher
from app.metrics import Metrics, Tally
from app.pages import SettingDocs, with_pages
from app.server.listener import listen, url_of
from app.server.server import Server
from app.settings import Settings, documented
from app.sources.replay import load_replay, replay
from app.sources.simulator import check_simulator, simulate
from app.specification.contracts import Contracts, load_contracts
from app.specification.document import OpenApiDocument, load_document
from app.specification.errors import StartupError
from app.specification.schema.schema import compile_schema
from app.stores.memory import MemoryStore
from app.stores.sqlite.store import SqliteStore
from app.transports.http.application import create_application
from app.transports.http.compressed_bodies import Bodies
from app.transports.http.cross_origin import allow_origins
from app.transports.http.operations import Operations
from app.transports.http.problem_responses import SLUGS, Problems
from app.transports.http.streaming.response import EventStreams
from app.transports.websocket.sockets import Sockets

MEMORY_EVENTS = 100_000  # kept in memory by default, some 30 MB
OBJECTS_PER_COLLECTION = 10_000  # new objects; to examine them takes less than 1 ms

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """The whole service without a socket: the ASGI application that handles requests, and the parts that the application consists of."""

    application: ASGIApp
    document: OpenApiDocument
    contracts: Contracts
    publisher: Publisher
    log: EventLog
    fan_out: FanOut
    sockets: Sockets
    tally: Tally

    async def drain(self) -> None:
        """End every stream, and return when all streams have ended."""
        self.fan_out.drain()
        await asyncio.gather(self.fan_out.ended(), self.sockets.drain())


def run(settings: Settings, on_listening: Callable[[str, str | None], object]) -> int:
    """Run the server until a signal stops it, and return the exit code.

    `on_listening`: called as soon as the server accepts requests, with its URL, and with the host and the port of its gRPC service, or
    None if it has none.

    Raises StartupError, with a message of one line, if the server cannot start.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, on_listening))
    return 0


async def _serve(settings: Settings, on_listening: Callable[[str, str | None], object]) -> None:
    listener = listen(settings.host, settings.port)
    with listener:
        async with (
            open_service(settings) as service,
            _open_grpc(settings, service) as grpc,
            _in_background("The source", _source(settings, service.publisher)),
        ):

            async def drain() -> None:
                await asyncio.gather(service.drain(), grpc.drain())

            def on_started() -> None:
                on_listening(url_of(listener), grpc.address)

            _relax_garbage_collection()
            await Server(service.application, drain, on_started).serve([listener])


class _Grpc(Protocol):
    """A gRPC server as this module uses it. `address`: its host and port; None if gRPC is not served."""

    @property
    def address(self) -> str | None: ...

    async def drain(self) -> None: ...


class _NoGrpc:
    """The gRPC server of a service without gRPC (a null object)."""

    address = None

    async def drain(self) -> None:
        """End no calls."""


def _open_grpc(settings: Settings, service: Service) -> AbstractAsyncContextManager[_Grpc]:
    if settings.grpc_port is None:
        return nullcontext(_NoGrpc())
    try:  # the packages are optional, and their import takes time
        from app.transports.grpc import grpc_server, order_events_service, statuses  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        raise StartupError(
            f"--grpc-port needs the package {missing.name}, which is not installed: pip install 'orders-events[grpc]'."
        ) from None
    handlers = order_events_service.OrderEventsService(
        document=service.document,
        contracts=service.contracts,
        log=service.log,
        publisher=service.publisher,
        fan_out=service.fan_out,
        statuses=statuses.Statuses(service.tally, settings.retry_ms),
    )
    return grpc_server.open_grpc_server(handlers, settings.host, settings.grpc_port)


def _relax_garbage_collection() -> None:
    # The objects that exist now, modules and the contract, stay until the process ends. If they are frozen, a full garbage collection
    # does not examine them, which would pause the server for tens of milliseconds, and cost a tenth of the time of publishing.
    gc.collect()
    gc.freeze()
    # Neither publishing nor streams leave cycles behind, so there is hardly any garbage to find. By default a collection runs after 700
    # new objects, several times for a request of 500 events, and costs a twentieth of their time.
    gc.set_threshold(OBJECTS_PER_COLLECTION)


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """Load the contract, open the log of events, and create the service; on leaving the context, close the log.

    Raises StartupError if the contract is not valid or the log cannot be opened.
    """
    contracts = load_contracts(settings.contract_root / "contracts")
    document = load_document(settings.contract_root, contracts, SLUGS)
    log = EventLog(_open_store(settings))
    fan_out = FanOut(log, settings.heartbeat_seconds)
    tally = Tally()
    envelopes = {
        event_type: compile_schema(schema, f"The envelope of {event_type}")
        for event_type, schema in document.envelopes.items()
    }
    publisher = Publisher(log, contracts, envelopes, batch_maximum=document.batch_maximum)
    compress = settings.compression == "gzip"
    bodies = Bodies(compress=compress)
    problems = Problems(document, bodies, tally)
    sockets = Sockets(
        document.socket,
        log=log,
        fan_out=fan_out,
        publisher=publisher,
        problem=problems.members,
        tally=tally,
        publish_bytes=document.max_body_bytes,
    )
    operations = Operations(
        document=document,
        contracts=contracts,
        log=log,
        publisher=publisher,
        bodies=bodies,
        streams=EventStreams(fan_out, settings.retry_ms, compress=compress),
        sockets=sockets,
        socket_origins=frozenset(settings.cors_origins),
        metrics=Metrics(log, publisher, fan_out, tally),
    )
    application = create_application(operations, problems)
    setting_docs = [SettingDocs(*row) for row in documented()]
    application = with_pages(application, document, contracts, settings.contract_root, setting_docs, compress=compress)
    application = allow_origins(application, settings.cors_origins)
    await log.open()
    try:
        async with _in_background("The heartbeat", fan_out.run()):
            yield Service(application, document, contracts, publisher, log, fan_out, sockets, tally)
    finally:
        await log.close()


def _open_store(settings: Settings) -> EventStore:
    match settings.store.scheme:
        case "memory":
            return MemoryStore(settings.retain_events or MEMORY_EVENTS, settings.retain_seconds)
        case "sqlite":
            return SqliteStore(Path(settings.store.path), settings.retain_events, settings.retain_seconds)


def _source(settings: Settings, publisher: Publisher) -> Coroutine[Any, Any, None]:
    """Return the coroutine that publishes the events of the configured source: none, the simulator, or a recorded file.

    The coroutine has not begun to run. Raises StartupError if the file cannot be read, or if its events do not follow the contract.
    """
    match settings.source.kind:
        case "none":
            return _nothing()
        case "simulator":
            check_simulator(publisher.check)
            return simulate(publisher, settings.source.rate_per_second, settings.seed)
        case "replay":
            recording = load_replay(settings.source.file, publisher.check)
            return replay(publisher, recording, settings.replay_speed)


async def _nothing() -> None:
    """Publish no events: the source `none`."""


@asynccontextmanager
async def _in_background(name: str, work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(_logged(name, work))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        work.close()  # closes the coroutine if the task was cancelled before it began


async def _logged(name: str, work: Coroutine[Any, Any, None]) -> None:
    # An error of a background task must not end the server, because streams go on without it; but the error must be logged.
    try:
        await work
    except Draining:
        return  # not an error: the server is about to stop, and accepts no more events
    except Exception:  # noqa: BLE001  # any error: the server goes on, and the error is logged
        _log.exception("%s ended with an error.", name)
