"""Read the times that the document of the server under check promises in `x-promises`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

HEARTBEAT_SECONDS: Final = 15.0
"""The longest time without a byte on a stream, if the document does not promise another one."""


class PublishedPromises(NamedTuple):
    """The times that a server promises: the longest one between two heartbeats, and the range of its retry times."""

    heartbeat_seconds: float
    least_retry_ms: float
    most_retry_ms: float


def read_promises(promises: Mapping[str, Any]) -> PublishedPromises:
    """Return the times in `x-promises`, which may be empty. Raises ValueError or TypeError if they are not numbers."""
    retry = promises.get("retryMilliseconds", {})
    heartbeat = float(promises.get("heartbeatSeconds", HEARTBEAT_SECONDS))
    return PublishedPromises(heartbeat, float(retry.get("minimum", 0)), float(retry.get("maximum", "inf")))
