"""All systems that are measured, in the order of a round."""

from __future__ import annotations

from typing import Final

from tests.benchmark.asgi_peers import FASTAPI, SSE_STARLETTE, STARLETTE
from tests.benchmark.other_peers import LIMIT, MERCURE, NCHAN, NODE
from tests.benchmark.other_transports import GRPCIO, NODE_WS, WEBSOCKETS
from tests.benchmark.ours import OURS, OURS_GRPC, OURS_GZIP, OURS_WEBSOCKET
from tests.benchmark.with_keys import OURS_WITH_KEYS, OURS_WITH_NEW_TOKENS

SYSTEMS: Final = (
    *(LIMIT, OURS, NCHAN, MERCURE, NODE, STARLETTE, SSE_STARLETTE, FASTAPI),
    *(OURS_WITH_KEYS, OURS_WITH_NEW_TOKENS),
    *(OURS_GZIP, OURS_WEBSOCKET, NODE_WS, WEBSOCKETS, OURS_GRPC, GRPCIO),
)
