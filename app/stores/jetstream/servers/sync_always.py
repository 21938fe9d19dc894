"""Whether servers sync every message to disk before they acknowledge it (`sync_always`). Only their monitoring port shows it.

By default a server syncs every two minutes, and a power failure loses what it acknowledged since then.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

_SECONDS: Final = 3


async def unsynced(monitors: Iterable[str]) -> list[str]:
    """Return why servers are not known to sync always, each as a part of a sentence; an empty list if all do.

    `monitors`: the URLs of the monitoring ports, `http://HOST:PORT`.
    """
    urls = tuple(monitors)
    if not urls:
        return ["no monitoring URL shows that its servers sync every message (sync_always)"]
    found = await asyncio.gather(*(asyncio.to_thread(_unsynced, url) for url in urls))
    return [reason for reason in found if reason]


def _unsynced(monitor: str) -> str:
    try:
        with urlopen(f"{monitor.rstrip('/')}/jsz?config=true", timeout=_SECONDS) as answer:  # noqa: S310 - settings admit http only
            config = json.load(answer).get("config", {})
    except (URLError, OSError, ValueError):
        return f"the monitoring URL {monitor} does not answer"
    return "" if config.get("sync_always") else f"the server at {monitor} does not sync every message (sync_always)"
