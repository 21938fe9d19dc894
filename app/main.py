"""The composition root: the one place that knows every part and puts them together."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp

from app.events.delivery.fan_out import FanOut
from app.events.log.event_log import EventLog
from app.events.log.event_store import EventStore
from app.events.publish import Publisher
from app.metrics import Metrics, Tally
from app.pages import with_pages
from app.server.protocol import StreamProtocol
from app.server.server import GRACE_SECONDS, Server
from app.settings import Settings
from app.sources.replay import load_replay, replay
from app.sources.simulator import check_simulator, simulate
from app.specification.contracts import load_contracts
from app.specification.document import load_document
from app.specification.errors import StartupError
from app.specification.schema.schema import compile_schema
from app.stores.memory import MemoryStore
from app.stores.sqlite.store import SqliteStore
from app.transports.http.application import create_application
from app.transports.http.operations import Operations
from app.transports.http.problem_responses import SLUGS, Problems
from app.transports.http.response import Streams

MEMORY_EVENTS = 100_000  # what `memory:` keeps unless told otherwise: some 30 MB

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """A whole server without its socket: what answers requests, what publishes in process, and how it stops."""

    application: ASGIApp
    publisher: Publisher
    log: EventLog
    fan_out: FanOut

    async def drain(self) -> None:
        """Tell every stream to end, and wait until each has."""
        self.fan_out.drain()
        await self.fan_out.ended()


def run(settings: Settings, on_listening: Callable[[str], None]) -> int:
    """Serve until a signal; return the exit code. `on_listening` is told the URL once requests are answered.

    Raises StartupError, whose message is one line, where the process must not start.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, on_listening))
    return 0


async def _serve(settings: Settings, on_listening: Callable[[str], None]) -> None:
    listener = _listen(settings.host, settings.port)
    with listener:
        async with (
            open_service(settings) as service,
            _in_background("The source", _source(settings, service.publisher)),
        ):
            config = uvicorn.Config(
                service.application,
                http=StreamProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
            server = Server(config, service.drain, on_started=lambda: on_listening(_url(listener)))
            _freeze_garbage_collection()
            await server.serve([listener])


def _freeze_garbage_collection() -> None:
    # What is here now, modules and the contract, stays to the end. Looked through again and again, it makes pauses of tens of
    # milliseconds, and a tenth of the cost of publishing.
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """Load the contract, open the log, and put the application together; close the log at the end. Raises StartupError."""
    contracts = load_contracts(settings.contract_root / "contracts")
    document = load_document(settings.contract_root, contracts, SLUGS)
    log = EventLog(_open_store(settings))
    fan_out = FanOut(log, settings.heartbeat_seconds)
    tally = Tally()
    envelopes = {
        event_type: compile_schema(schema, f"The envelope of {event_type}")
        for event_type, schema in document.envelopes.items()
    }
    publisher = Publisher(log, contracts, envelopes)
    operations = Operations(
        document=document,
        contracts=contracts,
        log=log,
        publisher=publisher,
        streams=Streams(fan_out, settings.retry_ms),
        metrics=Metrics(log, publisher, fan_out, tally),
    )
    application = create_application(operations, Problems(document, tally), settings.cors_origins)
    application = with_pages(application, document, contracts, settings.contract_root)
    await log.open()
    try:
        async with _in_background("The heartbeat", fan_out.run()):
            yield Service(application, publisher, log, fan_out)
    finally:
        await log.close()


def _open_store(settings: Settings) -> EventStore:
    match settings.store.scheme:
        case "memory":
            return MemoryStore(settings.retain_events or MEMORY_EVENTS, settings.retain_seconds)
        case "sqlite":
            return SqliteStore(Path(settings.store.path), settings.retain_events, settings.retain_seconds)


def _source(settings: Settings, publisher: Publisher) -> Coroutine[Any, Any, None]:
    """Check everything that can be checked of the source now; what it does comes later. Raises StartupError."""
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
    """Publish nothing from within."""


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise StartupError(f"Cannot listen on {host}:{port}: {error.strerror or error}.") from None


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def _in_background(name: str, work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(_logged(name, work))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        work.close()  # where the task was cancelled before it began


async def _logged(name: str, work: Coroutine[Any, Any, None]) -> None:
    # Streams go on without a source; that it ended must not pass unseen.
    try:
        await work
    except Exception:  # noqa: BLE001  # whatever it was: the server goes on, and its log tells
        _log.exception("%s ended with an error.", name)
