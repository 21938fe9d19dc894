"""Schemathesis in process: the application is called directly, without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig

from app.service import Service, open_service
from app.settings import Settings, StoreUrl
from app.sources.simulator import simulate
from app.specification.contracts import load_contracts
from app.specification.document import load_document
from app.specification.openapi.deployment import Deployment
from tests.contract.schemathesis_hooks import stream_is_resumable

ROOT = Path(__file__).parents[2]
CONFIG = SchemathesisConfig.from_path(Path(__file__).parent / "schemathesis.toml")


class InProcess:
    """The application with its lifespan, as ASGI servers run it: the log is open while the lifespan lasts."""

    service: Service | None = None

    async def __call__(
        self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            assert self.service is not None
            await self.service.application(scope, receive, send)

    async def _live(self, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        # Schemathesis counts the events of a stream before it decodes it.
        settings = Settings(
            store=StoreUrl("memory"), heartbeat_seconds=0.05, compression="off", host_names=("testserver",)
        )
        await receive()
        async with open_service(settings) as self.service:
            # Events come quickly: Schemathesis reads a few of each stream and goes on.
            source = asyncio.create_task(simulate(self.service.publisher, 500.0, seed=1))
            await send({"type": "lifespan.startup.complete"})
            await receive()
            source.cancel()
            await self.service.drain()
        await send({"type": "lifespan.shutdown.complete"})


APPLICATION = InProcess()


def contract(form: str) -> Any:
    document = load_document(ROOT, load_contracts(ROOT / "contracts"), deployment=Deployment(has_keys=False))
    # The hook of schemathesis_hooks is in force from its import on.
    loaded = schemathesis.openapi.from_dict(json.loads(getattr(document, form)), config=CONFIG)
    loaded.app = APPLICATION
    return loaded


OPENAPI_3_0 = contract("json")
OPENAPI_3_2 = contract("openapi_3_2")


@OPENAPI_3_0.parametrize()  # type: ignore[untyped-decorator]  # Schemathesis types it loosely
def test_each_operation_keeps_its_contract(case: Any) -> None:
    case.call_and_validate(additional_checks=[stream_is_resumable])


@OPENAPI_3_2.parametrize()  # type: ignore[untyped-decorator]
def test_each_operation_keeps_the_derived_contract(case: Any) -> None:
    case.call_and_validate(additional_checks=[stream_is_resumable])
