"""All systems that are measured, in the order of a round."""

from __future__ import annotations

from typing import Final

from tests.benchmark.asgi_peers import FASTAPI, SSE_STARLETTE, STARLETTE
from tests.benchmark.other_peers import LIMIT, MERCURE, NCHAN, NODE
from tests.benchmark.ours import OURS

SYSTEMS: Final = (LIMIT, OURS, NCHAN, MERCURE, NODE, STARLETTE, SSE_STARLETTE, FASTAPI)
